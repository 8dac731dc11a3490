#define _GNU_SOURCE
#include "csystem.h"
#include <errno.h>
#include <linux/magic.h>
#include <fcntl.h>
#include <malloc.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Swift can't call fork, and posix_spawn can't change the user: hence this file. */

static void set_up_or_report(const struct csystem_child *child, int report) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (child->group == 1) setpgid(0, 0);
    if (child->group == 2) setsid();
    if (child->change_user) {
        if (initgroups(child->user_name, child->gid) < 0) goto failed;
        if (setresgid(child->gid, child->gid, child->gid) < 0) goto failed;
        if (setresuid(child->uid, child->uid, child->uid) < 0) goto failed;
    }
    /* Last: the kernel forgets it when the user changes. */
    if (child->death_signal) prctl(PR_SET_PDEATHSIG, child->death_signal);
    if (child->directory && chdir(child->directory) < 0) goto failed;
    /* Move the three out of the way of each other first. */
    int from[3] = {child->input, child->output, child->error};
    for (int i = 0; i < 3; i++) {
        from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 10);
        if (from[i] < 0) goto failed;
    }
    for (int i = 0; i < 3; i++)
        if (dup2(from[i], i) < 0) goto failed;
    /* Nothing else is inherited: Pacemaker waits until its pipes close, PostgreSQL would hold them open. */
    if (report != 3) {
        if (dup3(report, 3, O_CLOEXEC) < 0) goto failed;
        report = 3;
    }
    syscall(SYS_close_range, 4, ~0U, 0);
    execve(child->path, child->arguments, child->environment);
failed:;
    int code = errno;
    ssize_t ignored = write(report, &code, sizeof code);
    (void)ignored;
    _exit(127);
}

pid_t csystem_spawn(const struct csystem_child *child) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0) return -1;
    /* Changing the user reads files and allocates, which only a true copy of the process may do. Otherwise the parent
       waits in place until exec, and neither of them copies a page. */
    pid_t pid = child->change_user ? fork() : vfork();
    if (pid == 0) set_up_or_report(child, report[1]);
    int failure = pid < 0 ? errno : 0;
    close(report[1]);
    if (pid > 0) {
        ssize_t count;
        do count = read(report[0], &failure, sizeof failure);
        while (count < 0 && errno == EINTR);
        if (count <= 0) failure = 0;
    }
    close(report[0]);
    if (failure) {
        errno = failure;
        return -1;
    }
    return pid;
}

int csystem_pipe(int descriptors[2], int size) {
    if (pipe2(descriptors, O_CLOEXEC) < 0) return -1;
    fcntl(descriptors[0], F_SETPIPE_SZ, size); /* a wish: the default size works too */
    return 0;
}

int csystem_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

int csystem_adopt_orphans(void) {
    return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

pid_t csystem_reap(int *status) {
    pid_t pid;
    do pid = waitpid(-1, status, WNOHANG);
    while (pid < 0 && errno == EINTR);
    return pid;
}

static volatile sig_atomic_t interruptions;

static void count_interruption(int number) {
    (void)number;
    interruptions++;
}

void csystem_count_interruptions(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = count_interruption};
    sigset_t counted;
    sigemptyset(&counted);
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaction(numbers[i], &action, NULL);
        sigaddset(&counted, numbers[i]);
    }
    /* Whoever started us may have blocked them; the mask is inherited. */
    sigprocmask(SIG_UNBLOCK, &counted, NULL);
}

int csystem_interruptions(void) {
    return interruptions;
}

pid_t csystem_child_of(const siginfo_t *facts) {
    return facts->si_pid;
}

int csystem_is_in_memory(const char *path) {
    struct statfs facts;
    if (statfs(path, &facts) < 0) return -1;
    return (unsigned)facts.f_type == TMPFS_MAGIC || (unsigned)facts.f_type == RAMFS_MAGIC;
}

int csystem_syncfs(int descriptor) { return syncfs(descriptor); }

int csystem_act_as(uid_t uid, gid_t gid) {
    /* The group first when rights are given up, last when they come back: only root may change it. */
    if (uid == 0 && syscall(SYS_setresuid, -1, uid, -1) < 0) return -1;
    if (syscall(SYS_setresgid, -1, gid, -1) < 0) return -1;
    if (uid != 0 && syscall(SYS_setresuid, -1, uid, -1) < 0) return -1;
    return 0;
}

void csystem_trim(void) { malloc_trim(0); }
