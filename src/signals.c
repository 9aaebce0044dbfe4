/* SPDX-License-Identifier: MIT */
/* signals.c - owns the places for what handlers have freed. */
#include "signals.h"

static MA_SHARED(void *) place[SIGNALS_ASIDE];
MA_SHARED(bool) ma_signals_any; /* set behind each put, so that to find nothing is one look */

bool ma_signals_put(void *p)
{
	bool done = false;

	for (unsigned i = 0; i < SIGNALS_ASIDE && !done; i++) {
		void *none = NULL;
		if (ma_load_relaxed(&place[i]) == NULL)
			done = ma_cas_acq_rel(&place[i], &none, p); /* pairs with ma_signals_take() */
	}
	ma_store_release(&ma_signals_any, true);
	return done;
}

void ma_signals_take(void (*release)(void *p))
{
	while (ma_load_relaxed(&ma_signals_any)) {
		ma_store_relaxed(&ma_signals_any, false); /* first: a handler may come at any moment */
		for (unsigned i = 0; i < SIGNALS_ASIDE; i++) {
			void *p = ma_load_relaxed(&place[i]);
			if (p != NULL)
				p = ma_swap_acquire(&place[i], NULL); /* pairs with ma_signals_put() */
			if (p != NULL)
				release(p);
		}
	}
}
