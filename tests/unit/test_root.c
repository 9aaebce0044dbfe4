/* SPDX-License-Identifier: MIT */
/* root.c - the list of roots: what is in it, and the note that leads to it in this very process. */
#include "root.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#include "heap.h"
#include "unit.h"

static const struct root *root_named(const char *name)
{
	for (const struct root *root = ma_root_head.first; root < ma_root_head.end; root++)
		if (strcmp(root->name, name) == 0)
			return root;
	return NULL;
}

START_TEST(head_tells_of_itself)
{
	expect(memcmp(ma_root_head.magic, ROOT_MAGIC, sizeof(ROOT_MAGIC)) == 0);
	expect(strcmp(ma_root_head.version, PACKAGE_VERSION) == 0);
	expect(ma_root_head.head_size == sizeof(struct root_head));
	expect(ma_root_head.root_size == sizeof(struct root));
}
END_TEST

START_TEST(roots_are_whole_and_named_once)
{
	expect(ma_root_head.first < ma_root_head.end);
	for (const struct root *root = ma_root_head.first; root < ma_root_head.end; root++) {
		expect(root->head == &ma_root_head);
		expect(root_named(root->name) == root);
		expect(root->size != 0);
		expect(root->kind <= ROOT_PLACE);
		expect((root->at == NULL) == (root->kind == ROOT_SIZE));
	}
}
END_TEST

START_TEST(a_root_is_the_variable)
{
	const struct root *heaps = root_named("heaps.all_heaps"), *size = root_named("heaps.heap");

	expect(heaps != NULL);
	expect(size != NULL);
	expect(size->size == sizeof(struct heap));
	expect(*(struct heap *const *)heaps->at == ma_heaps_first());
}
END_TEST

/* Finds the note in the first object, which is this program. */
static int find_head(struct dl_phdr_info *info, size_t size, void *arg)
{
	const struct root_head **head = arg;

	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const char *at = (const char *)info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
		const char *end = at + info->dlpi_phdr[i].p_memsz;

		while (info->dlpi_phdr[i].p_type == PT_NOTE && at < end) {
			const ElfW(Nhdr) *note = (const void *)at;
			const char *name = at + sizeof(*note),
				   *contents = name + (note->n_namesz + 3) / 4 * 4;

			if (note->n_namesz == 6 && strcmp(name, "libma") == 0)
				*head = (const void *)(contents + *(const int32_t *)contents);
			at = contents + (note->n_descsz + 3) / 4 * 4;
		}
	}
	return 1;
}

START_TEST(note_leads_to_the_head)
{
	const struct root_head *head = NULL;

	dl_iterate_phdr(find_head, &head);
	expect(head == &ma_root_head);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {head_tells_of_itself, roots_are_whole_and_named_once,
				      a_root_is_the_variable, note_leads_to_the_head};

	return unit_run("root", tests, LENGTH(tests));
}
