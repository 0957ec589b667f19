/* Makes one disk operation of a process fail, to be loaded with LD_PRELOAD.
 *
 * Operations on files below a folder are counted: those that create, write, flush, close, rename,
 * link and delete. The one with the chosen number fails as it is told to, or the process is killed
 * just before it. Nothing is chosen until `fault_arm` is called.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { NOTHING = 0, SHORT = -1, KILL = -2 }; /* else an errno */

static char folder[PATH_MAX];
static int fault, chosen;
static atomic_int count;
static atomic_int full; /* after a short write there is no room for anything */

void fault_arm(const char *below, int what, int which) {
    snprintf(folder, sizeof folder, "%s", below);
    fault = what;
    chosen = which;
    atomic_store(&full, 0);
    atomic_store(&count, 0);
}

int fault_count(void) { return atomic_load(&count); }

static int ours(const char *path) {
    char whole[PATH_MAX] = "";
    if (!folder[0] || !path) return 0;
    if (path[0] != '/' && getcwd(whole, sizeof whole - 2)) strcat(whole, "/");
    strncat(whole, path, sizeof whole - strlen(whole) - 1);
    return strncmp(whole, folder, strlen(folder)) == 0;
}

static int ours_fd(int fd) {
    char link[64], path[PATH_MAX];
    if (!folder[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return ours(path);
}

/* What the operation that is about to happen must do: 0 for what it does, else the fault. */
static int fails(int is_ours) {
    if (!is_ours) return 0;
    int n = atomic_fetch_add(&count, 1);
    if (n != chosen || !fault) return 0;
    if (fault == KILL) kill(getpid(), SIGKILL);
    return fault;
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))
#define FAIL(is_ours)                          \
    do {                                       \
        int what = fails(is_ours);             \
        if (what) {                            \
            errno = what == SHORT ? ENOSPC : what; \
            return -1;                         \
        }                                      \
    } while (0)

#define OPEN(name)                                       \
    int name(const char *path, int flags, ...) {         \
        va_list more;                                    \
        va_start(more, flags);                           \
        mode_t mode = va_arg(more, mode_t);              \
        va_end(more);                                    \
        FAIL((flags & O_CREAT) && ours(path));           \
        return REAL(name)(path, flags, mode);            \
    }
OPEN(open)
OPEN(open64)

ssize_t write(int fd, const void *data, size_t size) {
    int mine = ours_fd(fd);
    if (mine && atomic_load(&full)) {
        errno = ENOSPC;
        return -1;
    }
    int what = fails(mine);
    if (what == SHORT && size > 1) {
        atomic_store(&full, 1);
        return REAL(write)(fd, data, size / 2);
    }
    if (what) {
        errno = what == SHORT ? ENOSPC : what;
        return -1;
    }
    return REAL(write)(fd, data, size);
}

int fsync(int fd) {
    FAIL(ours_fd(fd));
    return REAL(fsync)(fd);
}

int close(int fd) {
    int what = ours_fd(fd) && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY ? fails(1) : 0;
    int done = REAL(close)(fd);
    if (!what) return done;
    errno = what == SHORT ? ENOSPC : what;
    return -1;
}

int rename(const char *from, const char *to) {
    FAIL(ours(to));
    return REAL(rename)(from, to);
}

int link(const char *from, const char *to) {
    FAIL(ours(to));
    return REAL(link)(from, to);
}

int linkat(int at, const char *from, int to_at, const char *to, int flags) {
    FAIL(ours(to));
    return REAL(linkat)(at, from, to_at, to, flags);
}

int unlink(const char *path) {
    FAIL(ours(path));
    return REAL(unlink)(path);
}

int mkdir(const char *path, mode_t mode) {
    FAIL(ours(path));
    return REAL(mkdir)(path, mode);
}
