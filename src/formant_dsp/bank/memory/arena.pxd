# A bump allocator: hands out parts of one block of memory, each on its own cache lines; nothing is freed.

cdef enum:
    LINE = 64             # bytes of a cache line

ctypedef struct arena_t:
    char* base            # start of the block, on a cache line; NULL: only count
    size_t used           # bytes handed out


cdef inline void* take(arena_t* arena, size_t items, size_t bytes) noexcept nogil:
    """Room for `items` items of `bytes` bytes each, on cache lines of its own; NULL when only counting."""
    cdef void* at = arena.base + arena.used if arena.base != NULL else NULL
    arena.used += (items * bytes + LINE - 1) // LINE * LINE
    return at


cdef inline double* take_doubles(arena_t* arena, size_t n) noexcept nogil:
    return <double*>take(arena, n, sizeof(double))


cdef inline float* take_floats(arena_t* arena, size_t n) noexcept nogil:
    return <float*>take(arena, n, sizeof(float))
