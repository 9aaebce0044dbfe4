/* SPDX-License-Identifier: MIT */
/* lifetimes.c - three lifetimes: of the program, of a call, and as long as we want. */
#include <ma.h>
#include <stdio.h>

static int calls; /* lives as long as the program */

struct node {
	int value;
	struct node *next;
};

/* Returns a list of the squares below `limit`, smallest first. The nodes outlive this call. */
static struct node *squares(int limit)
{
	struct node *first = NULL, **link = &first; /* live as long as this call */

	calls++;
	for (int i = 1; i * i < limit; i++) {
		struct node *node = ma_malloc(sizeof *node); /* lives until somebody frees it */

		if (node == NULL)
			break;
		*node = (struct node){i * i, NULL};
		*link = node;
		link = &node->next;
	}
	return first;
}

int main(void)
{
	struct node *list = squares(50);
	int count = 0;

	while (list != NULL) {
		struct node *next = list->next;

		printf("%d ", list->value);
		ma_free(list);
		list = next;
		count++;
	}
	printf("\n%d nodes, from %d call\n", count, calls);
	return 0;
}
