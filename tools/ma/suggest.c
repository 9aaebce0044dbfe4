/* SPDX-License-Identifier: MIT */
/*
 * suggest.c - which known name a mistyped one may have meant.
 *
 * The measure is the edit distance with swaps of neighbours ("optimal string alignment"): row i of the
 * usual table holds the distances of the first i letters of `a` to every beginning of `b`. Three rows are
 * enough, since a swap looks two rows back.
 */
#include <config.h>

#include "suggest.h"

#include <stdint.h>
#include <string.h>

enum { LONGEST_NAME = 31 };

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t suggest_distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST_NAME + 1];
	size_t a_length = strlen(a);
	size_t b_length = strlen(b);

	if (a_length > LONGEST_NAME || b_length > LONGEST_NAME)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i - 1) % 3];
		const size_t *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t replaced = above[j - 1] + (a[i - 1] != b[j - 1]);

			row[j] = smaller(replaced, smaller(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

int suggest_is_near(const char *typed, const char *meant)
{
	return suggest_distance(typed, meant) <= (strlen(meant) > 4 ? 2 : 1);
}
