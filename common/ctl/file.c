/* A file in one piece. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/ctl/file.h"


#define CTL_FILE_PATH   4096
#define CTL_FILE_PIECE  4096


ctl_exit_e
ctl_file_read(ctl_t *c, lp_buf_t *out, const char *path, lp_status_t *status)
{
    int          fd;
    char         piece[CTL_FILE_PIECE];
    ssize_t      n;
    struct stat  st;

    *status = LP_OK;

    fd = open(path, O_RDONLY|O_CLOEXEC|O_NONBLOCK);
    if (fd == -1 && errno == ENOENT) {
        *status = LP_MISSING;
        return CTL_DONE;
    }

    if (fd == -1 || fstat(fd, &st) != 0) {
        n = -1;

    } else if (!S_ISREG(st.st_mode)) {
        errno = EINVAL;
        n = -1;

    } else {
        while ((n = read(fd, piece, sizeof(piece))) > 0) {
            lp_buf_put(out, piece, (size_t) n);
        }
    }

    if (n < 0) {
        *status = LP_GONE;
        ctl_fail(c, CTL_USAGE, "%s cannot be read: %s", path,
                 strerror(errno));
    }

    if (fd != -1) {
        close(fd);
    }

    if (*status == LP_OK && lp_buf_status(out) != LP_OK) {
        return ctl_fail(c, CTL_USAGE, "%s is too large", path);
    }

    return *status == LP_OK ? CTL_DONE : CTL_USAGE;
}


static int
ctl_file_put(int fd, const lp_buf_t *text)
{
    size_t   done = 0;
    ssize_t  n;

    while (done < text->len) {
        n = write(fd, text->data + done, text->len - done);
        if (n <= 0) {
            return -1;
        }

        done += (size_t) n;
    }

    return fsync(fd);
}


ctl_exit_e
ctl_file_write(ctl_t *c, const char *path, const lp_buf_t *text,
    unsigned mode, int replace)
{
    int   fd, rc;
    char  fresh[CTL_FILE_PATH];

    if ((size_t) snprintf(fresh, sizeof(fresh), "%s.new", path)
        >= sizeof(fresh))
    {
        return ctl_fail(c, CTL_USAGE, "%s: the name is too long", path);
    }

    if (lp_buf_status(text) != LP_OK) {
        return ctl_fail(c, CTL_REFUSED, "%s: it would be too large", path);
    }

    unlink(fresh);

    fd = open(fresh, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, mode);
    if (fd == -1) {
        return ctl_fail(c, CTL_USAGE, "%s cannot be written: %s", fresh,
                        strerror(errno));
    }

    rc = ctl_file_put(fd, text);
    close(fd);

    /* link() refuses where rename() would replace */

    if (rc == 0) {
        rc = replace ? rename(fresh, path) : link(fresh, path);
    }

    if (rc != 0) {
        rc = errno;
        unlink(fresh);

        return rc == EEXIST
                   ? ctl_fail(c, CTL_USAGE, "%s exists and is not replaced: "
                              "give another name", path)
                   : ctl_fail(c, CTL_USAGE, "%s cannot be written: %s", path,
                              strerror(rc));
    }

    if (!replace) {
        unlink(fresh);
    }

    return CTL_DONE;
}
