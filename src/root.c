/* SPDX-License-Identifier: MIT */
/* root.c - the head of the list of roots, and the ELF note that tells where it is. */
#include "root.h"

#include "snapshot.h"

#if MA_SNAPSHOT
/* Nobody calls that, but it is to be there. */
__attribute__((used)) static struct snapshot *const linked = &ma_snapshot;
#endif

/* The linker's names for the ends of the section. */
extern const struct root ma_roots_first[] __asm__("__start_ma_roots") __attribute__((visibility("hidden")));
extern const struct root ma_roots_end[] __asm__("__stop_ma_roots") __attribute__((visibility("hidden")));

__attribute__((used, visibility("hidden"))) const struct root_head ma_root_head = {
	.magic = ROOT_MAGIC,
	.head_size = sizeof(struct root_head),
	.root_size = sizeof(struct root),
	.version = PACKAGE_VERSION,
	.first = ma_roots_first,
	.end = ma_roots_end,
};

/* Type 1, "libma", and as its contents the distance from these four bytes to the head. */
__asm__(".pushsection .note.libma, \"a\", %note\n"
	"	.balign 4\n"
	"	.long 6, 4, 1\n"
	"	.asciz \"libma\"\n"
	"	.balign 4\n"
	"	.long ma_root_head - .\n"
	"	.popsection\n");
