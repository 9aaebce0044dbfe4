/* SPDX-License-Identifier: MIT */
/*
 * cfi.h - what .eh_frame says of a place in the program: how to get from a frame to its caller's.
 *
 * Only what compilers emit for ordinary functions is understood: the canonical frame address (CFA) as stack or frame
 * pointer plus a constant, the frame pointer and the return address saved at constants from it. For anything
 * else there is no rule, and a walk ends there.
 */
#ifndef MA_CFI_H
#define MA_CFI_H

#include "base.h"

enum cfi_base { CFI_NONE, CFI_SP, CFI_FP };

struct cfi_rule {
	enum cfi_base base; /* CFA = this register + cfa; CFI_NONE: there is no rule, or no caller */
	int32_t cfa;
	int32_t fp;	    /* the caller's frame pointer is at CFA - fp; 0: it is what it was */
	int32_t ra;	    /* the return address is at CFA - ra; 0: it is in the link register */
	uintptr_t function; /* where the function begins */
};

/* The rule at `pc`, from the table that begins at `header` (.eh_frame_hdr). */
struct cfi_rule ma_cfi_find(const unsigned char *header, uintptr_t pc);

#endif /* MA_CFI_H */
