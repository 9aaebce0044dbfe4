/* SPDX-License-Identifier: MIT */
/*
 * override_dlopen.c - dlopen() without RTLD_DEEPBIND, for the preload library only.
 *
 * A library that is loaded with that flag finds malloc and free in the C library that it is linked to, before any that was
 * preloaded. So PHP's extensions, and Apache's modules, would give the C library's free() what libma has allocated, and crash in
 * there. The flag is taken out, so that such a library finds its names as all others do; MA_OPTIONS=deepbind=1 leaves it.
 *
 * The C library tells by the return address who calls, as $ORIGIN, a RUNPATH and the namespace are the caller's: so the real
 * function is jumped to, not called.
 */
#include <dlfcn.h>

#include "atomic.h"
#include "options.h"
#include "override.h"

#if __has_attribute(musttail)
#define JUMPS
#define JUMP __attribute__((musttail)) return
#else
#define JUMPS __attribute__((optimize("O2"))) /* an older gcc's -O0 and -Og call */
#define JUMP return
#endif

typedef void *opener(const char *file, int flags);

static opener *next_dlopen(void)
{
	static MA_SHARED(void *) kept;
	opener *found;

	*(void **)&found = ma_override_next(&kept, "dlopen");
	return found;
}

JUMPS EXPORT void *dlopen(const char *file, int flags)
{
	opener *next = next_dlopen();

	if (!ma_options.deepbind)
		flags &= ~RTLD_DEEPBIND;
	JUMP next(file, flags);
}
