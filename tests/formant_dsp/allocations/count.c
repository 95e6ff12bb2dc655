/* Counts what a thread asks the allocator and the kernel for while it is inside the audio callback.
 *
 * To be loaded before everything else (LD_PRELOAD): its malloc and its kin are then the ones that all code of the process
 * calls, whoever was compiled how. Only the thread that is inside `blocks` is counted; Python may allocate as it likes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
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

/* `n` blocks of the callback; how often something was asked for meanwhile. */
long blocks(callback_t *callback, void *user, float *out, unsigned long frames, int n) {
    asked = 0;
    inside = 1;
    while (n--) callback(NULL, out, frames, NULL, 0, user);
    inside = 0;
    return asked;
}

/* The same callback with a fault of its own in every call: 1 malloc and free, 2 realloc and free, 3 an anonymous mapping. */
typedef struct {
    callback_t *callback;
    void *user;
    int fault;
} planted_t;

int planted(const void *in, void *out, unsigned long frames, const void *time, unsigned long flags, void *user) {
    const planted_t *p = user;
    void *volatile memory = NULL;
    if (p->fault == 1) memory = malloc(100);
    if (p->fault == 2) memory = realloc(NULL, 100);
    if (p->fault == 3) munmap(mmap(NULL, 4096, 3, 0x22, -1, 0), 4096);
    else free(memory);
    return p->callback(in, out, frames, time, flags, p->user);
}
