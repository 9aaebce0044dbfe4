/* SPDX-License-Identifier: MIT */
/*
 * misuse                 lists the cases: the name, a tabulator, the line that it must end with
 * misuse NAME            commits it; if that is not fatal, ends with status 0
 */
#include <stdio.h>

#include "misuse.h"

extern const struct misuse __start_misuse[], __stop_misuse[];

int main(int argc, char **argv)
{
	for (const struct misuse *at = __start_misuse; at < __stop_misuse; at++) {
		if (argc == 1)
			printf("%s\tlibma: %s\n", at->name, at->line);
		else if (strcmp(at->name, argv[1]) == 0) {
			at->body();
			return 0;
		}
	}
	return argc == 1 ? 0 : 2;
}
