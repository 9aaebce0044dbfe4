/* SPDX-License-Identifier: MIT */
/* installed.c - a user's program, in what C and C++ have in common. installed.sh builds and runs it. */
#include <ma.h>
#include <string.h>

#define TEXT(x) #x
#define DOTTED(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

static int count(const struct ma_place *place, void *arg)
{
	if (place->kind == MA_SLOT_USED || place->kind == MA_BLOCK_USED)
		*(int *)arg += 1;
	return 0;
}

int main(void)
{
	const char *version = DOTTED(MA_VERSION_MAJOR, MA_VERSION_MINOR, MA_VERSION_PATCH);
	char *text = (char *)ma_calloc(10, 10);
	int places = 0;

	if (text == NULL || text[99] != 0 || ma_usable_size(text) < 100)
		return 1;
	if (ma_walk(count, &places) != 0 || places < 1)
		return 2;
	ma_free(text);
	return strcmp(ma_version(), version) == 0 && ma_check() == 0 ? 0 : 3;
}
