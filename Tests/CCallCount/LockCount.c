// Replaces pthread_mutex_lock in the test process with a function that counts its calls: the Swift runtime locks a mutex when
// it creates the metadata of a type.

#define _GNU_SOURCE
#include "CallCount.h"

#include <dlfcn.h>
#include <pthread.h>

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)

uint64_t lock_count(void) { return 0; }

#else

static _Thread_local uint64_t count;
static int (*_Atomic lock)(pthread_mutex_t *);

uint64_t lock_count(void) { return count; }

int pthread_mutex_lock(pthread_mutex_t *mutex) {
    if (!lock) lock = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_lock");
    if ((mutex->__data.__kind & 3) != PTHREAD_MUTEX_ADAPTIVE_NP) count++;
    return lock(mutex);
}

#endif
