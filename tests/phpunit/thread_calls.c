/* Loaded before libc by ThreadsTest: reports every call that a thread other than the first makes to a function that
   takes libc's locks or reads what PHP may be writing. Those who call are named by the return address. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void report(const char *function, const char *argument, const void *caller)
{
    char line[512];
    Dl_info place;
    int length;

    if (syscall(SYS_gettid) == getpid()) {
        return;
    }
    if (!dladdr(caller, &place) || place.dli_fname == NULL) {
        place.dli_fname = "?";
    }
    length = snprintf(line, sizeof line, "thread-call %s(%s) from %s\n", function, argument, place.dli_fname);
    if (write(STDERR_FILENO, line, (size_t) length) < 0) {
        return;
    }
}

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

/* PHP loads extensions with RTLD_DEEPBIND, which would lead their calls past this library. */
void *dlopen(const char *file, int mode)
{
    return REAL(dlopen)(file, mode & ~RTLD_DEEPBIND);
}

char *getenv(const char *name)
{
    report("getenv", name, __builtin_return_address(0));
    return REAL(getenv)(name);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    report("getaddrinfo", node ? node : "", __builtin_return_address(0));
    return REAL(getaddrinfo)(node, service, hints, result);
}

struct tm *localtime_r(const time_t *when, struct tm *result)
{
    report("localtime_r", "", __builtin_return_address(0));
    return REAL(localtime_r)(when, result);
}

struct tm *localtime(const time_t *when)
{
    report("localtime", "", __builtin_return_address(0));
    return REAL(localtime)(when);
}

time_t mktime(struct tm *when)
{
    report("mktime", "", __builtin_return_address(0));
    return REAL(mktime)(when);
}
