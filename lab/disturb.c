/* Preloaded into a node's services: delays fsync as a slow disk does, and steps the clock.
 *
 * Reads two numbers from /run/disturbance, which is mapped so that a change acts at once: milliseconds that every fsync
 * takes longer, and seconds that the wall clock is ahead. The monotonic clock stays as it is, as with a real step.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t nothing[2];
static const volatile int64_t *disturbance = nothing;
static int (*real_fsync)(int), (*real_fdatasync)(int), (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    int file = open("/run/disturbance", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    void *map = mmap(NULL, sizeof nothing, PROT_READ, MAP_SHARED, file, 0);
    if (map != MAP_FAILED)
        disturbance = map;
    close(file);
}

static void delay(void)
{
    struct timespec left = {disturbance[0] / 1000, disturbance[0] % 1000 * 1000000};
    while (disturbance[0] && nanosleep(&left, &left) != 0)
        ;
}

int fsync(int file)
{
    delay();
    return real_fsync(file);
}

int fdatasync(int file)
{
    delay();
    return real_fdatasync(file);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    /* Another library's constructor may ask before ours ran. */
    if (!real_clock_gettime)
        begin();
    int result = real_clock_gettime(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += disturbance[1];
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *place)
{
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (place)
        *place = precise.tv_sec;
    return precise.tv_sec;
}
