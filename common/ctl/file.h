/* Files: read whole, and replaced whole. */
#ifndef CTL_FILE_H
#define CTL_FILE_H


#include "common/ctl/ctl.h"


/* appended to out; LP_MISSING: there is none, no sentence kept */
ctl_exit_e ctl_file_read(ctl_t *c, lp_buf_t *out, const char *path,
    lp_status_t *status);

/*
 * Written beside it under another name, synced, then renamed: nobody reads
 * half of it. replace 0: an existing file is left and refused.
 */
ctl_exit_e ctl_file_write(ctl_t *c, const char *path, const lp_buf_t *text,
    unsigned mode, int replace);


#endif /* CTL_FILE_H */
