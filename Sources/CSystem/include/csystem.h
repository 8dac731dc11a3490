#ifndef PGSQL_SWIFT_CSYSTEM_H
#define PGSQL_SWIFT_CSYSTEM_H
#include <signal.h>
#include <sys/types.h>

/* How a child process is to be started. All pointers must stay valid for the call; no memory is kept. */
struct csystem_child {
    const char *path;          /* program, absolute */
    char *const *arguments;    /* NULL-terminated, with the program's name first */
    char *const *environment;  /* NULL-terminated */
    const char *directory;     /* working directory, or NULL to keep */
    int change_user;           /* 1: become uid and gid below, with the groups of user_name */
    uid_t uid;
    gid_t gid;
    const char *user_name;
    int input, output, error;  /* descriptors that become 0, 1 and 2 */
    int death_signal;          /* signal when the parent dies, or 0 */
    int group;                 /* 0: the caller's; 1: a process group of its own; 2: a session of its own */
};

/* Starts a child. Returns its pid, or -1 with errno. A failure in the child before exec is returned too:
   the errno travels over a close-on-exec pipe, so that a missing program is told from one that failed. */
pid_t csystem_spawn(const struct csystem_child *child);

/* A close-on-exec pipe of at least size bytes: descriptors[0] reads. Returns -1 with errno. */
int csystem_pipe(int descriptors[2], int size);

/* Descriptor for pid that becomes readable when it ends, or -1 with errno. */
int csystem_pidfd_open(pid_t pid);

/* The process that waitid told of; 0 for none. A union's member, which Swift can't name. */
pid_t csystem_child_of(const siginfo_t *facts);

/* Makes processes whose parent ends children of this one, so that their end is seen at once. 0, or -1 with errno. */
int csystem_adopt_orphans(void);

/* Reaps one ended child. Its pid and status; 0 when all children run; -1 with errno ECHILD when there is none. */
pid_t csystem_reap(int *status);

/* Writes out the file system that the descriptor is in. Returns -1 with errno; syncfs(2) isn't among Swift's. */
int csystem_syncfs(int descriptor);

/* Whether a path is in a file system that is kept in memory alone. 1, 0, or -1 with errno; statfs(2) isn't among Swift's. */
int csystem_is_in_memory(const char *path);

/* Makes user and group the calling thread's effective ones, and no other thread's: the C library's functions change the
   whole process (nptl(7)). Returns -1 with errno. */
int csystem_act_as(uid_t uid, gid_t gid);

/* Gives memory that isn't used any more back to the system. */
void csystem_trim(void);

/* From now on SIGINT, SIGTERM and SIGHUP are counted instead of ending the process. */
void csystem_count_interruptions(void);

/* How many of them came. */
int csystem_interruptions(void);
#endif
