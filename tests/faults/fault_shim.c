// Loaded into a server (LD_PRELOAD), ours or the database's: a disk that fails when a test says so. While the file that
// FAULT_SHIM_FILE names exists, fsync and fdatasync of files whose path matches its first line, a pattern as of a
// shell, fail with EIO, as those of a dying disk do. Before libfaketime it keeps that from moving timers.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

// Whether `path` has a first line that is not empty; without its end in `line`.
static int read_first_line(const char* path, char line[PATH_BYTES]) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    const ssize_t length = read(file, line, PATH_BYTES - 1);
    close(file);
    line[length > 0 ? length : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return line[0] != '\0';
}

static int fails(int descriptor) {
    const char* control = getenv("FAULT_SHIM_FILE");
    char pattern[PATH_BYTES];
    char link[64];
    char path[PATH_BYTES];
    if (control == NULL || !read_first_line(control, pattern)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    return fnmatch(pattern, path, 0) == 0;
}

static int sync_unless_failing(const char* name, int descriptor) {
    if (fails(descriptor)) {
        errno = EIO;
        return -1;
    }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(descriptor);
}

int fsync(int descriptor) {
    return sync_unless_failing("fsync", descriptor);
}

int fdatasync(int descriptor) {
    return sync_unless_failing("fdatasync", descriptor);
}

// libfaketime takes every absolute time of a timerfd for one of the clock that it moves. Those of the monotonic clock
// are none, and a timer that is set to go off at once (at 1 ns) would wait until the machine has been up for the
// offset.
int timerfd_settime(int timer, int flags, const struct itimerspec* time, struct itimerspec* before) {
    return (int)syscall(SYS_timerfd_settime, timer, flags, time, before);
}
