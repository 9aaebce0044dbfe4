/* SPDX-License-Identifier: MIT */
/* Uses libma, which is linked in, and tells whether the system takes it for a program with more rights than its caller. */
#include <sys/auxv.h>

#include "../expect.h"
#include "ma.h"

int main(void)
{
	void *p = ma_malloc(100);

	expect(p != NULL);
	ma_free(p);
	puts(getauxval(AT_SECURE) != 0 ? "secure" : "plain");
	return 0;
}
