/* SPDX-License-Identifier: MIT */
/* hello.c - the README's first program. */
#include <ma.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	char *text = ma_malloc(100);

	if (text == NULL)
		return 1;
	strcpy(text, "hello");
	printf("%s: %zu bytes usable, %d faults\n", text, ma_usable_size(text), ma_check());
	ma_free(text);
	return 0;
}
