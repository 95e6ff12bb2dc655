/* Counts what a thread asks the allocator, the kernel and locks for while it is inside the audio callback.
 *
 * To be loaded before everything else (LD_PRELOAD): its malloc and its kin are then the ones that all code of the
 * process calls, whoever was compiled how. Only the thread that is inside `blocks` is counted; Python may allocate as
 * it likes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>

typedef int callback_t(const void *, void *, unsigned long, const void *, unsigned long, void *);

static __thread int inside;
static __thread long asked;

#define COUNT() (asked += inside)

/* glibc's own names: dlsym would itself allocate before there is a malloc. */
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

void *malloc(size_t n) { return COUNT(), __libc_malloc(n); }
void *calloc(size_t n, size_t size) { return COUNT(), __libc_calloc(n, size); }
void *realloc(void *p, size_t n) { return COUNT(), __libc_realloc(p, n); }
void free(void *p) { COUNT(), __libc_free(p); }
void *memalign(size_t align, size_t n) { return COUNT(), __libc_memalign(align, n); }
void *aligned_alloc(size_t align, size_t n) { return COUNT(), __libc_memalign(align, n); }
int posix_memalign(void **p, size_t align, size_t n) {
    COUNT();
    *p = __libc_memalign(align, n);
    return *p ? 0 : ENOMEM;
}

/* what memory comes from below malloc */
#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))
typedef void *mmap_t(void *, size_t, int, int, int, off_t);
typedef int munmap_t(void *, size_t);
typedef int brk_t(void *);
typedef void *sbrk_t(ptrdiff_t);
void *mmap(void *p, size_t n, int prot, int flags, int fd, off_t at) {
    return COUNT(), NEXT(mmap_t *, "mmap")(p, n, prot, flags, fd, at);
}
int munmap(void *p, size_t n) { return COUNT(), NEXT(munmap_t *, "munmap")(p, n); }
int brk(void *p) { return COUNT(), NEXT(brk_t *, "brk")(p); }
void *sbrk(ptrdiff_t n) { return COUNT(), NEXT(sbrk_t *, "sbrk")(n); }

/* what every lock is made of, the interpreter's as well */
typedef int mutex_t(pthread_mutex_t *);
typedef int cond_t(pthread_cond_t *);
typedef int wait_t(pthread_cond_t *, pthread_mutex_t *);
#define LOCK(name, type, what)                                   \
    int name(what *p) {                                          \
        static type *next;                                       \
        if (!next) next = NEXT(type *, #name);                   \
        return COUNT(), next(p);                                 \
    }
LOCK(pthread_mutex_lock, mutex_t, pthread_mutex_t)
LOCK(pthread_mutex_trylock, mutex_t, pthread_mutex_t)
LOCK(pthread_mutex_unlock, mutex_t, pthread_mutex_t)
LOCK(pthread_cond_signal, cond_t, pthread_cond_t)
LOCK(pthread_cond_broadcast, cond_t, pthread_cond_t)
int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m) {
    static wait_t *next;
    if (!next) next = NEXT(wait_t *, "pthread_cond_wait");
    return COUNT(), next(c, m);
}

/* Python's own; there are none in a process without it */
extern int PyGILState_Check(void) __attribute__((weak));
extern int PyGILState_Ensure(void) __attribute__((weak));
extern void PyGILState_Release(int) __attribute__((weak));

/* `n` blocks of the callback; how often something was asked for meanwhile, -1 if we have the interpreter's lock. */
long blocks(callback_t *callback, void *user, float *out, unsigned long frames, int n) {
    if (!PyGILState_Check || PyGILState_Check()) return -1;
    asked = 0;
    inside = 1;
    while (n--) callback(NULL, out, frames, NULL, 0, user);
    inside = 0;
    return asked;
}

/* The same callback with a fault of its own in every call: 1 malloc and free, 2 realloc and free, 3 an anonymous
 * mapping, 4 a lock of its own, 5 the interpreter's. */
typedef struct {
    callback_t *callback;
    void *user;
    int fault;
} planted_t;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

int planted(const void *in, void *out, unsigned long frames, const void *time, unsigned long flags, void *user) {
    const planted_t *p = user;
    void *volatile memory = NULL;
    if (p->fault == 1) memory = malloc(100);
    if (p->fault == 2) memory = realloc(NULL, 100);
    if (p->fault == 3) munmap(mmap(NULL, 4096, 3, 0x22, -1, 0), 4096);
    if (p->fault == 4) pthread_mutex_lock(&mutex), pthread_mutex_unlock(&mutex);
    if (p->fault == 5) PyGILState_Release(PyGILState_Ensure());
    if (p->fault <= 2) free(memory);
    return p->callback(in, out, frames, time, flags, p->user);
}
