/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what the fuzzers share. Each is one function over a string of bytes; libFuzzer calls it with strings that it
 * makes up, replay.c with those that files hold.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Does what the bytes say. What is not as it must be ends in abort(). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What an input says, byte by byte; zeros behind its end. */
struct fuzz_input {
	const uint8_t *at, *end;
};

static inline unsigned fuzz_byte(struct fuzz_input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

static inline size_t fuzz_below(struct fuzz_input *input, size_t below)
{
	size_t n = fuzz_byte(input);

	if (below > 256)
		n = n << 8 | fuzz_byte(input);
	return n % below;
}

#endif /* FUZZ_H */
