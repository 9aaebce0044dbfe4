/* SPDX-License-Identifier: MIT */
/* dlopen() without RTLD_DEEPBIND. This program is linked over malloc: a library that binds as others do calls libma's. */
#include "unit.h"

#include <dlfcn.h>

#include "chunk.h"
#include "options.h"

static bool is_ours(void *p)
{
	struct chunk *chunk = ma_chunk_of(p);

	return chunk != NULL && (char *)p < ma_chunk_end(chunk);
}

/* What operator new of the C++ library, which nothing here has loaded, gives: by which malloc? NULL: there is none here. */
static void *from_deepbound(void)
{
	void *library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	void *(*new_bytes)(size_t size);
	void *p;

	if (library == NULL)
		return NULL;
	*(void **)&new_bytes = dlsym(library, "_Znwm");
	if (new_bytes == NULL)
		*(void **)&new_bytes = dlsym(library, "_Znwj");
	expect(new_bytes != NULL);
	p = new_bytes(100);
	expect(p != NULL);
	return p;
}

START_TEST(without_deepbind)
{
	void *p = from_deepbound();

	expect(p == NULL || is_ours(p));
}
END_TEST

START_TEST(with_deepbind)
{
	void *p;

	ma_options.deepbind = true;
	p = from_deepbound();
	expect(p == NULL || !is_ours(p));
}
END_TEST

START_TEST(answers)
{
	void *library = dlopen("libm.so.6", RTLD_NOW);

	expect(library != NULL && dlsym(library, "cos") != NULL && dlclose(library) == 0);
	expect(dlopen(NULL, RTLD_NOW) != NULL);
	expect(dlopen("no such library", RTLD_NOW | RTLD_DEEPBIND) == NULL && dlerror() != NULL);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {without_deepbind, with_deepbind, answers};

	return unit_run("override_dlopen", tests, LENGTH(tests));
}
