/* SPDX-License-Identifier: MIT */
/*
 * A program that loads a library with RTLD_DEEPBIND, as PHP does its extensions, and shares objects with it; with -DPLUGIN
 * the library. The library is found by the program's RUNPATH alone: so the C library has to see who called dlopen().
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "../expect.h"
#include "../pattern.h"

#ifdef PLUGIN
void *plugin_take(size_t size);
void plugin_give(void *p);

void *plugin_take(size_t size)
{
	return malloc(size);
}

void plugin_give(void *p)
{
	free(p);
}
#else
int main(void)
{
	void *library = dlopen("plugin.so", RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	void *(*take)(size_t size);
	void (*give)(void *p);

	if (library == NULL)
		fprintf(stderr, "%s\n", dlerror());
	expect(library != NULL);
	*(void **)&take = dlsym(library, "plugin_take");
	*(void **)&give = dlsym(library, "plugin_give");
	expect(take != NULL && give != NULL);
	for (size_t size = 1; size < 3000000; size *= 3) {
		char *ours = malloc(size), *its = take(size);
		expect(ours != NULL && its != NULL);
		pattern_fill(ours, size, 1);
		pattern_fill(its, size, 2);
		expect(pattern_holds(ours, size, 1) && pattern_holds(its, size, 2));
		give(ours);
		free(its);
	}
	expect(dlopen("no such library", RTLD_NOW) == NULL && dlerror() != NULL);
	expect(dlopen(NULL, RTLD_NOW) != NULL);
	puts("all belongs together");
	return 0;
}
#endif
