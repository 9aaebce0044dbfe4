/* SPDX-License-Identifier: MIT */
/* quarantine.c - owns the rings, the count of all bytes in them, and what fills the objects. */
#include "quarantine.h"

#include <string.h>

#include "atomic.h"
#include "report.h"
#include "source.h"

#define FIRST_ROOM 256u

static size_t most_bytes;
static uint64_t fill_word, secret;
static MA_SHARED(size_t) all_bytes;

void ma_quarantine_start(size_t most, unsigned char fill)
{
	most_bytes = most;
	fill_word = fill * UINT64_C(0x0101010101010101);
	secret = ma_source_secret();
}

static uint64_t mark_of(const void *p)
{
	return ((secret ^ (uintptr_t)p) + 1) * MA_HASH;
}

bool ma_quarantine_has(const void *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word == mark_of(p);
}

static bool ring_grow(struct quarantine *quarantine)
{
	size_t page = ma_source_page(), old = quarantine->room;
	size_t room = old == 0 ? FIRST_ROOM : 2 * old;
	struct quarantined *ring = ma_source_map(ma_round_up(room * sizeof(*ring), page), MA_UNIT);

	if (ring == NULL)
		return false;
	for (size_t i = 0; i < quarantine->count; i++)
		ring[i] = quarantine->ring[(quarantine->first + i) & (old - 1)];
	if (old != 0)
		ma_source_unmap(quarantine->ring, ma_round_up(old * sizeof(*ring), page));
	quarantine->ring = ring;
	quarantine->room = room;
	quarantine->first = 0;
	return true;
}

bool ma_quarantine_put(struct quarantine *quarantine, void *p, size_t size)
{
	uint64_t mark = mark_of(p);
	bool room;

	if (size > most_bytes / 4)
		return false;
	memset(p, (unsigned char)fill_word, size);
	memcpy(p, &mark, sizeof(mark));
	ma_lock(&quarantine->lock);
	room = quarantine->count < quarantine->room || ring_grow(quarantine);
	if (room) {
		quarantine->ring[(quarantine->first + quarantine->count++) & (quarantine->room - 1)] =
			(struct quarantined){p, size};
		ma_add_relaxed(&all_bytes, size);
	}
	ma_unlock(&quarantine->lock);
	if (!room)
		memcpy(p, &fill_word, sizeof(fill_word));
	return room;
}

/* Is nothing written to? At a glance: without a branch for each word. */
static bool is_whole(const char *p, size_t size)
{
	uint64_t word, wrong;

	memcpy(&word, p, sizeof(word)); /* usable sizes are whole words */
	wrong = word ^ mark_of(p);
	for (size_t at = sizeof(word); at < size; at += sizeof(word)) {
		memcpy(&word, p + at, sizeof(word));
		wrong |= word ^ fill_word;
	}
	return wrong == 0;
}

const void *ma_quarantine_look(const void *p, size_t size)
{
	const char *at = p, *end = at + size;
	uint64_t expected = mark_of(p);

	if (is_whole(p, size))
		return NULL;
	for (; at < end; at += sizeof(expected), expected = fill_word)
		for (size_t i = 0; i < sizeof(expected); i++)
			if (memcmp(at + i, (const char *)&expected + i, 1) != 0)
				return at + i;
	return p; /* another thread is at it */
}

void *ma_quarantine_take(struct quarantine *quarantine, bool all)
{
	struct quarantined taken = {NULL, 0};
	const void *written;

	if (!all && ma_load_relaxed(&all_bytes) <= most_bytes) /* a number to compare with */
		return NULL;
	ma_lock(&quarantine->lock);
	if (quarantine->count != 0) {
		taken = quarantine->ring[quarantine->first];
		quarantine->first = (quarantine->first + 1) & (quarantine->room - 1);
		quarantine->count--;
		ma_add_relaxed(&all_bytes, -taken.size);
	}
	ma_unlock(&quarantine->lock);
	if (taken.at == NULL)
		return NULL;
	written = ma_quarantine_look(taken.at, taken.size);
	if (written != NULL)
		ma_report_written("write after free", written, taken.at, taken.size);
	memcpy(taken.at, &fill_word, sizeof(fill_word)); /* the mark */
	return taken.at;
}
