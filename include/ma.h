/* SPDX-License-Identifier: MIT */
/*
 * ma.h - the public interface of libma, a general-purpose memory allocator.
 *
 * Conventions that hold for every function here, unless its comment says otherwise:
 *
 *   - sizes and alignments are in bytes; a size over PTRDIFF_MAX fails with ENOMEM;
 *   - a failed allocation returns NULL, sets errno to ENOMEM and changes nothing;
 *   - a pointer returned is aligned to alignof(max_align_t) at least, is owned by the caller, and
 *     is released by ma_free() or given to ma_realloc() by any thread;
 *   - functions are safe in threads (MT-Safe), not under asynchronous cancellation (AC-Unsafe); none is a
 *     cancellation point;
 *   - those that allocate and free may be called from signal handlers (AS-Safe): in one that has interrupted
 *     libma, allocations fail, and what is freed is freed later. Not ma_rezalloc() and ma_expand(), nor
 *     what tells of the heap or trims it (AS-Unsafe);
 *   - a pointer that libma did not hand out, or has taken back, is a fatal error: one line on
 *     standard error, then abort().
 *
 * Each function has a manual page of the same name in section 3.
 */
/* One declaration a line, below its attributes. */
/* clang-format off */
#ifndef MA_H
#define MA_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MA_VERSION_MAJOR 0
#define MA_VERSION_MINOR 1
#define MA_VERSION_PATCH 0

/* Attributes: what lets a compiler warn about misuse and optimise around an allocation. */
#if defined(__GNUC__)
#define MA_ATTR(...) __attribute__((__VA_ARGS__))
#else
#define MA_ATTR(...)
#endif
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#define MA_DEALLOC MA_ATTR(__malloc__, __malloc__(ma_free, 1))
#define MA_DEALLOC_REALLOC MA_ATTR(__malloc__(ma_free, 1))
#else
#define MA_DEALLOC MA_ATTR(__malloc__)
#define MA_DEALLOC_REALLOC
#endif
#define MA_RESULT MA_ATTR(__warn_unused_result__)
#if defined(__cplusplus)
#define MA_NOTHROW noexcept
#else
#define MA_NOTHROW MA_ATTR(__nothrow__) /* not __leaf__: an allocation may call what ma_set_limit() was given */
#endif

/* Releases `ptr`, which an allocating function of libma returned; NULL is ignored. Keeps errno. */
MA_ATTR(__visibility__("default"))
void ma_free(void *ptr) MA_NOTHROW;

/* Returns `size` bytes with indeterminate contents. For size 0, a unique pointer to be freed. */
MA_ATTR(__visibility__("default")) MA_DEALLOC MA_ATTR(__alloc_size__(1)) MA_RESULT
void *ma_malloc(size_t size) MA_NOTHROW;

/* Returns an array of `count` elements of `size` bytes, all zero. An overflow of count * size fails
 * with ENOMEM. Memory that is fresh from the system is known to be zero and is not cleared again. */
MA_ATTR(__visibility__("default")) MA_DEALLOC MA_ATTR(__alloc_size__(1, 2)) MA_RESULT
void *ma_calloc(size_t count, size_t size) MA_NOTHROW;

/* Resizes the allocation at `ptr` to `size` bytes, in place where it can, else by moving it; keeps the
 * contents up to the smaller of both sizes. NULL allocates; size 0 frees and returns NULL, as glibc's
 * does. On failure the old allocation is left as it was. */
MA_ATTR(__visibility__("default")) MA_DEALLOC_REALLOC MA_ATTR(__alloc_size__(2)) MA_RESULT
void *ma_realloc(void *ptr, size_t size) MA_NOTHROW;

/* ma_realloc() to count * size bytes; an overflow fails with ENOMEM. */
MA_ATTR(__visibility__("default")) MA_DEALLOC_REALLOC MA_ATTR(__alloc_size__(2, 3)) MA_RESULT
void *ma_reallocarray(void *ptr, size_t count, size_t size) MA_NOTHROW;

/* ma_realloc() whose bytes between the old usable size and the new one are zero, provided that the
 * allocation came from ma_calloc() or ma_rezalloc() and that the bytes past the size it was asked with
 * were not written. */
MA_ATTR(__visibility__("default")) MA_DEALLOC_REALLOC MA_ATTR(__alloc_size__(2)) MA_RESULT
void *ma_rezalloc(void *ptr, size_t size) MA_NOTHROW;

/* Grows or shrinks the allocation at `ptr` to `size` bytes without moving it. Returns `ptr`, or NULL
 * with errno ENOMEM and nothing changed if it would have to move. */
MA_ATTR(__visibility__("default")) MA_RESULT
void *ma_expand(void *ptr, size_t size) MA_NOTHROW;

/* Returns `size` bytes aligned to `alignment`, any power of two up to 1 GiB at least. An alignment that
 * is none fails with EINVAL. `size` need not be a multiple of it. */
MA_ATTR(__visibility__("default")) MA_DEALLOC MA_ATTR(__alloc_align__(1), __alloc_size__(2)) MA_RESULT
void *ma_aligned_alloc(size_t alignment, size_t size) MA_NOTHROW;

/* As POSIX: stores the allocation in `*out` and returns 0, or returns EINVAL (alignment no power of two
 * multiple of sizeof(void *)) or ENOMEM and leaves `*out` alone. errno is not changed. */
MA_ATTR(__visibility__("default")) MA_ATTR(__nonnull__(1)) MA_RESULT
int ma_posix_memalign(void **out, size_t alignment, size_t size) MA_NOTHROW;

/* ma_aligned_alloc() that rounds an alignment up to the next power of two, as glibc's memalign does. */
MA_ATTR(__visibility__("default")) MA_DEALLOC MA_ATTR(__alloc_size__(2)) MA_RESULT
void *ma_memalign(size_t alignment, size_t size) MA_NOTHROW;

/* C23: ma_free() for a caller that knows the size it asked ma_malloc(), ma_calloc() or ma_realloc()
 * for. A size that is more than its usable size is a fatal error. */
MA_ATTR(__visibility__("default"))
void ma_free_sized(void *ptr, size_t size) MA_NOTHROW;

/* C23: the same for what ma_aligned_alloc(alignment, size) returned. */
MA_ATTR(__visibility__("default"))
void ma_free_aligned_sized(void *ptr, size_t alignment, size_t size) MA_NOTHROW;

/* Returns how many bytes of the allocation at `ptr` may be used, at least the size asked for; 0 for NULL. */
MA_ATTR(__visibility__("default")) MA_ATTR(__pure__) MA_RESULT
size_t ma_usable_size(const void *ptr) MA_NOTHROW;

/* Returns the size that it is best to ask for instead of `size`: of all that libma may set aside for `size`, nothing
 * is then left unused. From 2 MiB on up to an eighth more may be. `size` itself if it can't be had. */
MA_ATTR(__visibility__("default")) MA_ATTR(__const__) MA_RESULT
size_t ma_good_size(size_t size) MA_NOTHROW;

/* Gives free memory back to the system, but keeps `pad` bytes at the top of the break, as malloc_trim(3)
 * does. Trims the calling thread's heap, orphaned heaps and the cache of large mappings. Returns 1 if any
 * memory was given back, else 0. */
MA_ATTR(__visibility__("default"))
int ma_trim(size_t pad) MA_NOTHROW;

/* Is called by ma_set_limit()'s limits. `held`: bytes that libma holds now. `wanted`: 0 when the soft limit was passed;
 * else the size that would be refused, and is tried once more behind the call. */
typedef void ma_limit_call(size_t held, size_t wanted, void *arg);

/* Limits what libma holds from the system for the program's objects, in bytes; 0: no limit. Beyond `hard` allocations
 * fail with ENOMEM, until enough was freed. When more than `soft` is held `call` is called with `arg`, once each time
 * that this comes to be; and before an allocation fails, whatever the reason. It is called in the thread whose
 * allocation it is, without locks held, by one thread at a time, and may call all functions of libma; from its own
 * allocations it is not called. `call` may be NULL if `soft` is 0. Returns 0, or -1 with errno EINVAL if there is a soft
 * limit and no `call`, or it is above the hard one. Replaces what was set before. */
MA_ATTR(__visibility__("default"))
int ma_set_limit(size_t soft, size_t hard, ma_limit_call *call, void *arg) MA_NOTHROW;

/* Audits the whole heap: headers, links, the index of free blocks, slabs, free lists, the registry. Writes
 * one line on standard error for each fault, and returns how many there are: 0 means sound. Other threads'
 * heaps must be quiet meanwhile. Never allocates. */
MA_ATTR(__visibility__("default"))
int ma_check(void) MA_NOTHROW;

/* What a place in the heap is, for ma_walk(). */
enum ma_kind {
	MA_BLOCK_FREE, /* a free block */
	MA_BLOCK_USED, /* a block that the program holds */
	MA_BLOCK_SLAB, /* a block that is cut into slots; its slots follow, one visit each */
	MA_SLOT_FREE,  /* a slot that is not in use; one not yet carved is not visited */
	MA_SLOT_USED,  /* a slot that the program holds */
	MA_LARGE_USED, /* an object with a mapping of its own */
	MA_LARGE_FREE  /* a freed mapping that waits to be used again */
};

/* One block or slot, as ma_walk() shows it. */
struct ma_place {
	enum ma_kind kind;
	const void *address; /* what the program would hold: the payload */
	size_t size;	     /* usable bytes of it */
	size_t slot_size;    /* of a slab: bytes a slot; else 0 */
	const void *chunk;   /* the chunk or mapping that it lies in */
	unsigned heap;	     /* the number of the thread heap that owns it; 0 for large objects */
};

/* Called for each place; a result other than 0 ends the walk. It must not allocate or free. */
typedef int ma_visitor(const struct ma_place *place, void *arg);

/* Visits every block and slot of every heap in address order. Returns 0, or what the visitor ended it with.
 * Other threads' heaps must be quiet meanwhile. */
MA_ATTR(__visibility__("default")) MA_ATTR(__nonnull__(1))
int ma_walk(ma_visitor *visitor, void *arg);

/* What is known of one size class, for ma_stats(). */
struct ma_class_stats {
	size_t slot_size;      /* bytes a slot */
	size_t slabs;	       /* in all heaps */
	size_t slab_bytes;     /* of these slabs, headers and ends included */
	size_t used_slots;     /* that the program holds */
	size_t free_slots;     /* ready to be handed out, or freed by another thread and not yet taken in */
	size_t uncarved_bytes; /* room for slots that were never handed out */
};

/* What is known of one heap, for ma_stats(). */
struct ma_heap_stats {
	unsigned number;   /* as in struct ma_place */
	int thread;	   /* the system's number of the thread that has it, or had it last */
	int idle;	   /* 1: that thread has ended, and no other has the heap yet */
	size_t chunks;
	size_t held_bytes; /* of these chunks */
	size_t used_bytes; /* usable bytes of what the program holds in them */
	size_t free_bytes; /* payload of free blocks */
};

/* What ma_stats() tells: bytes unless it says otherwise. Later releases may add members at the end. */
struct ma_stats {
	size_t struct_size;	    /* in: sizeof(struct ma_stats); out: how many bytes of it were filled in */
	struct ma_heap_stats *heap; /* in: where heap_room heaps may be told of, or NULL */
	size_t heap_room;

	/* What the system gave. */
	size_t break_bytes;	    /* chunks on the break */
	size_t mapped_bytes;	    /* chunks that are mapped */
	size_t large_bytes;	    /* large objects: a mapping each */
	size_t cached_bytes;	    /* freed mappings that wait to be used again */
	size_t resident_bytes;	    /* of all these: backed by memory now */
	size_t huge_bytes;	    /* of the chunks: where huge pages were asked for */
	size_t mappings;	    /* how many mappings these are, the break as one */
	size_t peak_chunk_bytes;    /* the most that each heap's chunks had, summed up */
	size_t peak_resident_bytes; /* the most that the whole process ever had resident */

	/* What the program holds. */
	size_t used_bytes;	/* usable bytes of blocks, slots and large objects */
	size_t used_blocks;	/* a count */
	size_t used_slots;	/* a count */
	size_t large_objects;	/* a count */
	size_t used_block_bytes;
	size_t used_slot_bytes;

	/* What is free in chunks. */
	size_t free_blocks;	    /* a count */
	size_t free_bytes;	    /* their payload */
	size_t free_resident_bytes; /* of it: backed by memory, and so used for nothing */
	size_t largest_free;	    /* the largest payload of them */
	size_t top_bytes;	    /* payload of the free block that ends where the break is */
	size_t free_slots;	    /* a count */
	size_t free_slot_bytes;
	size_t uncarved_bytes;	/* room in slabs for slots that were never handed out */
	size_t overhead_bytes;	/* headers of chunks and blocks, and what is left over in slabs */

	size_t heaps;	   /* counts, from here on */
	size_t idle_heaps; /* whose threads have ended */
	size_t chunks;
	size_t slabs;
	size_t classes;	   /* how many of by_class[] are filled in */
	struct ma_class_stats by_class[128];

	/* Calls to the system for memory. */
	unsigned long long brk_calls;
	unsigned long long mmap_calls;
	unsigned long long munmap_calls;
	unsigned long long mremap_calls;
	unsigned long long madvise_calls;

	/* Counted only if libma was configured with --enable-stats. */
	int counted;			    /* 1 if so; else the following are 0 */
	unsigned long long allocations;
	unsigned long long frees;
	unsigned long long remote_frees;    /* of the frees: of what another thread's heap owns */
	unsigned long long allocated_bytes; /* asked for, in all */
	size_t peak_used_bytes;		    /* the most that used_bytes was; each thread may be 64 KiB off */
};

/* The forms of a report. */
enum ma_format {
	MA_TEXT,	/* lines for people */
	MA_JSON,	/* one JSON object */
	MA_OPENMETRICS, /* as Prometheus and others scrape it */
	MA_XML		/* as glibc's malloc_info(3) writes it */
};

#if defined(__cplusplus) && defined(__GNUC__) /* where a function may have the name of a struct, as stat() does */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif
/* Tells what the heap is made of, from its tiling: it looks at every block and slab, and asks the system what is
 * resident. Returns 0, or -1 with errno EINVAL if struct_size is none that any release had. Other threads' heaps
 * should be quiet meanwhile, else single figures may not fit each other. Never allocates. */
MA_ATTR(__visibility__("default")) MA_ATTR(__nonnull__(1))
int ma_stats(struct ma_stats *stats) MA_NOTHROW;
#if defined(__cplusplus) && defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

/* Writes the same to the file descriptor `fd`. Returns 0, or -1 with errno EINVAL for no format, or as
 * write(2) sets it. Never allocates. A cancellation point. */
MA_ATTR(__visibility__("default"))
int ma_stats_print(int fd, enum ma_format format);

/* Writes a map of the heap to the file descriptor `fd`: each chunk with each of its blocks, what of them is
 * resident, and what keeps nearly empty chunks and the break from being given back. MA_TEXT or MA_JSON; `ma draw`
 * makes pictures of the latter. Returns 0, or -1 with errno EINVAL for another format, ENOMEM, or as write(2)
 * sets it. Other threads' heaps should be quiet meanwhile. Never allocates. A cancellation point. */
MA_ATTR(__visibility__("default"))
int ma_heap_map(int fd, enum ma_format format);

/* Looks for allocations that the program can't reach any more: scans its data, stacks, registers and thread-local
 * storage for pointers, follows them, and writes a report on the open file `fd`, sums first and then what is
 * definitely and possibly lost, the largest loss first. The other threads are stopped meanwhile, by a real-time
 * signal. Returns how many allocations are lost for good (definitely and indirectly), INT_MAX at most; or -1 with
 * errno: EBADF if `fd` is not open, what write() says, EBUSY if a lock of the heap is held for long (in a signal handler: by the thread
 * that was interrupted), ENOMEM, or what open() says of /proc/self/maps. Never allocates from the heap, and may be
 * called from a signal handler. A cancellation point. */
MA_ATTR(__visibility__("default"))
int ma_leak_check(int fd);

/* Returns the library's version as a string, "0.1.0". */
MA_ATTR(__visibility__("default")) MA_ATTR(__const__)
const char *ma_version(void) MA_NOTHROW;

#ifdef __cplusplus
}
#endif

#endif /* MA_H */
