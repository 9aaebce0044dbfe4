/* SPDX-License-Identifier: MIT */
/* override.h - what the functions of the preload library share that have the names of others. */
#ifndef MA_OVERRIDE_H
#define MA_OVERRIDE_H

#include <dlfcn.h>

#include "atomic.h"
#include "base.h"

#define EXPORT __attribute__((visibility("default")))

/* The function of that name behind ours, be it another preloaded library's. `kept`, which is the caller's, keeps it; safe in
 * threads, as each that looks finds the same. */
MA_INLINE void *ma_override_next(MA_SHARED(void *) *kept, const char *name)
{
	void *found = ma_load_relaxed(kept);

	if (found == NULL) {
		found = dlsym(RTLD_NEXT, name);
		ma_store_relaxed(kept, found);
	}
	return found;
}

#endif /* MA_OVERRIDE_H */
