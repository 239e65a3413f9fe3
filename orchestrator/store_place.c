/*
 * Where the store may lie: on a disk of this machine, used by one front and
 * one redeemer (T-87, T-92).
 */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "orchestrator/store_parts.h"


#define ORCH_PLACE_TRIES  50               /* 1 s */


/* locks and fsync of these are another machine's promise */

int
orch_store_place_is_network(unsigned long magic)
{
    size_t                     i;
    static const unsigned long  network[] = {
        0x00006969,              /* NFS */
        0x0000517b,              /* SMB */
        0xff534d42,              /* CIFS */
        0xfe534d42,              /* SMB2 */
        0x01021997,              /* 9P */
        0x00c36400,              /* Ceph */
        0x0bd00bd0,              /* Lustre */
        0x5346414f,              /* AFS */
        0x73757245,              /* Coda */
        0x7461636f,              /* OCFS2 */
        0x01161970,              /* GFS2 */
        0x65735546               /* FUSE: sshfs and others like it */
    };

    for (i = 0; i < sizeof(network) / sizeof(network[0]); i++) {
        if ((magic & 0xffffffff) == network[i]) {
            return 1;
        }
    }

    return 0;
}


int
orch_store_place_check(const char *path, char *why, size_t why_len)
{
    char           dir[ORCH_STORE_PATH];
    struct statfs  fs;

    snprintf(dir, sizeof(dir), "%s", path);

    if (statfs(dirname(dir), &fs) != 0) {
        snprintf(why, why_len, "%s: %s", path, strerror(errno));
        return -1;
    }

    if (orch_store_place_is_network((unsigned long) fs.f_type)) {
        snprintf(why, why_len, "%s is on a network filesystem, which may lose "
                 "a winning ticket: give a directory on a local disk", path);
        return -1;
    }

    return 0;
}


/*
 * The numbers behind commitments are nobody else's to read (T-04). What is
 * there is not opened: a file that is closed loses the locks of the process.
 */

int
orch_store_place_private(const char *path, char *why, size_t why_len)
{
    int                       fd;
    char                      file[ORCH_STORE_PATH + 16];
    size_t                    i;
    static const char *const  names[] = { "", "-wal", "-shm" };

    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0) {
        close(fd);

    } else if (errno != EEXIST) {
        snprintf(why, why_len, "%s: %s", path, strerror(errno));
        return -1;
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        snprintf(file, sizeof(file), "%s%s", path, names[i]);

        if (chmod(file, 0600) != 0 && errno != ENOENT) {
            snprintf(why, why_len, "%s: %s", file, strerror(errno));
            return -1;
        }
    }

    return 0;
}


/* one that was killed while it started a child leaves its locks with that
   child for as long as this takes: a moment */

static int
orch_store_place_take(int fd)
{
    int                           tries;
    static const struct timespec  pause = { 0, 20 * 1000 * 1000 };

    for (tries = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {

        if (errno != EWOULDBLOCK || tries == ORCH_PLACE_TRIES) {
            return -1;
        }

        nanosleep(&pause, NULL);
    }

    return 0;
}


int
orch_store_place_lock(const char *path, const char *name, char *why,
    size_t why_len)
{
    int   fd;
    char  file[ORCH_STORE_PATH + 16];

    snprintf(file, sizeof(file), "%s.%s", path, name);

    fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0 && orch_store_place_take(fd) == 0) {
        return fd;
    }

    if (errno == EWOULDBLOCK) {
        snprintf(why, why_len, "%s is used by another orchestrator (%s): stop "
                 "it, or give this one a directory of its own", path, name);

    } else {
        snprintf(why, why_len, "%s: %s", file, strerror(errno));
    }

    if (fd >= 0) {
        close(fd);
    }

    return -1;
}
