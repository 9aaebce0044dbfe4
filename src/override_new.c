/* SPDX-License-Identifier: MIT */
/*
 * override_new.c - C++'s operator new and delete, under their mangled names, for the preload library only; so
 * the library needs no C++ run-time. On failure the ordinary forms call the program's new handler until it
 * helps, and without one throw std::bad_alloc through the C++ library that the program has; the nothrow forms
 * return a null pointer.
 */
#include <stdlib.h>

#include "front.h"
#include "ma.h"
#include "override.h"

#define UNUSED __attribute__((unused))

typedef void new_handler(void);
extern new_handler *cxx_new_handler(void) __asm__("_ZSt15get_new_handlerv") __attribute__((weak));
extern void cxx_throw_bad_alloc(void) __asm__("_ZSt17__throw_bad_allocv") __attribute__((weak));

/* One round of what the standard asks for when memory is out: returns if there is hope. */
static MA_COLD void new_failed(void)
{
	new_handler *handler = cxx_new_handler == NULL ? NULL : cxx_new_handler();

	if (handler != NULL)
		handler();
	else if (cxx_throw_bad_alloc != NULL)
		cxx_throw_bad_alloc();
	else
		abort();
}

static MA_COLD void *new_slow(size_t size, size_t align)
{
	for (;;) {
		void *p = ma_front_alloc_aligned(size, align);
		if (p != NULL)
			return p;
		new_failed();
	}
}

MA_INLINE void *new_or_throw(size_t size)
{
	void *p = ma_front_alloc(size);

	return MA_LIKELY(p != NULL) ? p : new_slow(size, MA_UNIT);
}

/* size_t is mangled by its type: m for unsigned long, j for unsigned int. */
#if SIZE_MAX == UINT32_MAX
#define SIZED "j"
#else
#define SIZED "m"
#endif
#define NOTHROW "RKSt9nothrow_t"
#define ALIGN "St11align_val_t"

/* Declares and defines one operator: its C name, its mangled name, and its parameters. */
#define NEW(name, mangled, result, ...)                                                                      \
	EXPORT void *name(__VA_ARGS__) __asm__(mangled);                                                     \
	void *name(__VA_ARGS__)                                                                              \
	{                                                                                                    \
		return result;                                                                               \
	}
/* Every delete is free(): what the size and the alignment could prove, the heap proves already. */
#define DELETE(name, mangled, ...)                                                                           \
	EXPORT void name(__VA_ARGS__) __asm__(mangled);                                                      \
	void name(__VA_ARGS__)                                                                               \
	{                                                                                                    \
		ma_front_free(p, ma_front_free_known);                                                       \
	}
#define TAG const void *tag UNUSED

NEW(new_one, "_Znw" SIZED, new_or_throw(size), size_t size)
NEW(new_array, "_Zna" SIZED, new_or_throw(size), size_t size)
NEW(new_one_nothrow, "_Znw" SIZED NOTHROW, ma_front_alloc(size), size_t size, TAG)
NEW(new_array_nothrow, "_Zna" SIZED NOTHROW, ma_front_alloc(size), size_t size, TAG)
NEW(new_one_aligned, "_Znw" SIZED ALIGN, new_slow(size, align), size_t size, size_t align)
NEW(new_array_aligned, "_Zna" SIZED ALIGN, new_slow(size, align), size_t size, size_t align)
NEW(new_one_aligned_nothrow, "_Znw" SIZED ALIGN NOTHROW, ma_front_alloc_aligned(size, align), size_t size,
    size_t align, TAG)
NEW(new_array_aligned_nothrow, "_Zna" SIZED ALIGN NOTHROW, ma_front_alloc_aligned(size, align), size_t size,
    size_t align, TAG)

DELETE(delete_one, "_ZdlPv", void *p)
DELETE(delete_array, "_ZdaPv", void *p)
DELETE(delete_one_sized, "_ZdlPv" SIZED, void *p, size_t size UNUSED)
DELETE(delete_array_sized, "_ZdaPv" SIZED, void *p, size_t size UNUSED)
DELETE(delete_one_nothrow, "_ZdlPv" NOTHROW, void *p, TAG)
DELETE(delete_array_nothrow, "_ZdaPv" NOTHROW, void *p, TAG)
DELETE(delete_one_aligned, "_ZdlPv" ALIGN, void *p, size_t align UNUSED)
DELETE(delete_array_aligned, "_ZdaPv" ALIGN, void *p, size_t align UNUSED)
DELETE(delete_one_sized_aligned, "_ZdlPv" SIZED ALIGN, void *p, size_t size UNUSED, size_t align UNUSED)
DELETE(delete_array_sized_aligned, "_ZdaPv" SIZED ALIGN, void *p, size_t size UNUSED, size_t align UNUSED)
DELETE(delete_one_aligned_nothrow, "_ZdlPv" ALIGN NOTHROW, void *p, size_t align UNUSED, TAG)
DELETE(delete_array_aligned_nothrow, "_ZdaPv" ALIGN NOTHROW, void *p, size_t align UNUSED, TAG)
