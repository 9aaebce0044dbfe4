/* SPDX-License-Identifier: MIT */
/*
 * remote.pml - the remote list of slabs, and its owner's list of pending slabs: slab_remote.c, and what slab.c
 * makes of it.
 *
 * One owner allocates and frees in SLABS slabs of SLOTS slots, all carved; REMOTES other threads free whatever the
 * program holds. Each atomic access of them is a step here; what the owner alone reads and writes between two of
 * them is one step with the first. Spin looks through every interleaving of all of them.
 *
 * Shown: no slot is handed out twice or lost; `used` is what chunk.h says; no slab is put on the list of pending ones
 * while it is there; a slab that goes is known to no other thread; and nothing is stranded: an owner who waits for a
 * slot, with every slot of the program freed, is told (else spin finds a deadlock).
 *
 * Memory orders. Promela's are sequentially consistent. The code needs no more than each word's own order, and that
 * the words written before a compare-and-swap are seen behind the exchange that takes what it put there: `next` of a
 * slot (release in push_remote(), acquire in ma_slab_take_remote()), `pending` of a slab (release in ma_slab_notify(), acquire
 * in ma_slab_drain()). No step relies on the order of two different shared words, but for a chunk's owner: heaps.pml.
 *
 * Faults, each to be found with -D:
 *   FAULT_PUSH     push_remote() stores what it computed, without comparing
 *   FAULT_NOTIFY   a push leaves NOTIFY set, so the next one tells the owner again
 *   FAULT_ARM      ma_slab_arm() stores, without comparing
 *   FAULT_LEAVE    a slab becomes full without being armed
 *   FAULT_COLLECT  ma_slab_take_unless_pending() takes the list of a slab that is pending, too
 *   FAULT_DRAIN    a slab keeps PENDING when it is drained
 */
#ifndef SLABS
#define SLABS 1
#endif
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef REMOTES
#define REMOTES 2
#endif
#define ALL (SLABS * SLOTS)

/* The remote word: PENDING, NOTIFY, count, offset of the first. */
#define PENDING 128
#define NOTIFY 64
#define ONE 8
#define END 7
#define EMPTY END
#define FLAGS (PENDING | NOTIFY)
#define FIRST(word) ((word) & 7)
#define COUNT(word) ((word) / ONE & 7)

#define NONE 15

mtype = {FREE, HELD, FREEING};

byte remote[SLABS] = EMPTY;
byte pending = NONE;	  /* the owner's list of pending slabs */
byte next_pending[SLABS]; /* its links */
byte next[ALL];		  /* the slots' links: a slot's number in its slab */

/* What really is, for the assertions. */
mtype state[ALL] = FREE;
byte held; /* by the program */
bool telling[SLABS]; /* between setting PENDING and the slab's being on the list */

#define SLAB(i) ((i) / SLOTS)

/* --- the other threads: push_remote(), ma_slab_notify() --- */

#if ALL > 4
#error pick() knows four slots
#endif

/* Takes any slot that the program holds. */
inline pick(i, to)
{
	atomic {
		if
		:: state[0] == HELD -> i = 0
		:: state[1 % ALL] == HELD -> i = 1 % ALL
		:: state[2 % ALL] == HELD -> i = 2 % ALL
		:: state[3 % ALL] == HELD -> i = 3 % ALL
		fi;
		state[i] = to;
		held--
	}
}

active [REMOTES] proctype Remote()
{
	byte i, s, old, new, head;

end:	do
	:: pick(i, FREEING);
	   d_step { s = SLAB(i); old = remote[s] }
	   do
	   :: next[i] = FIRST(old);
	      new = (old & ~END) + ONE + i % SLOTS;
	      if
	      :: old & NOTIFY ->
#ifndef FAULT_NOTIFY
		 new = (new & ~NOTIFY) | PENDING
#endif
	      :: else
	      fi;
	      d_step {
		      if
#ifdef FAULT_PUSH
		      :: true ->
#else
		      :: remote[s] == old ->
#endif
			 remote[s] = new;
			 state[i] = FREE;
			 if
			 :: old & NOTIFY -> assert(!telling[s]); telling[s] = true
			 :: else
			 fi;
			 new = NONE
		      :: else -> old = remote[s]
		      fi
	      }
	      if
	      :: new == NONE -> break
	      :: else
	      fi
	   od;
	   if
	   :: old & NOTIFY ->
	      head = pending;
	      do
	      :: next_pending[s] = head;
		 d_step {
			 if
			 :: pending == head ->
			    assert(head != s);
			    pending = s;
			    telling[s] = false;
			    head = NONE + 1
			 :: else -> head = pending
			 fi
		 }
		 if
		 :: head == NONE + 1 -> break
		 :: else
		 fi
	      od
	   :: else
	   fi;
	   atomic { i = 0; s = 0; old = 0; new = 0; head = 0 }
	od
}

/* --- the owner --- */

/* ma_slab_take_remote(): the exchange, and what follows on the owner's own lists. */
inline take_remote(s, word, n, i)
{
	d_step {
		word = remote[s];
#ifdef FAULT_DRAIN
		remote[s] = EMPTY | (word & PENDING);
#else
		remote[s] = EMPTY;
#endif
		if
		:: FIRST(word) != END ->
		   i = FIRST(word);
		   n = COUNT(word);
		   do
		   :: n > 1 -> i = next[s * SLOTS + i]; assert(i != END); n--
		   :: else -> break
		   od;
		   assert(n == 1 && next[s * SLOTS + i] == END);
		   next[s * SLOTS + i] = ready[s];
		   ready[s] = FIRST(word);
		   assert(used[s] >= COUNT(word));
		   used[s] = used[s] - COUNT(word)
		:: else
		fi;
		word = 0; n = 0; i = 0
	}
}

/* ma_slab_take_unless_pending() */
inline collect(s, word, n, i)
{
	word = remote[s];
	if
#ifdef FAULT_COLLECT
	:: FIRST(word) != END ->
#else
	:: FIRST(word) != END && !(word & PENDING) ->
#endif
	   take_remote(s, word, n, i)
	:: else -> word = 0
	fi
}

/* A slab goes: nobody else may know of it. */
inline delete(s, i)
{
	d_step {
		assert(!telling[s] && remote[s] == EMPTY && pending != s);
		i = 0;
		do
		:: i < SLABS -> assert(pending == NONE || i == s || next_pending[i] != s || pending != i); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < SLOTS -> assert(state[s * SLOTS + i] == FREE); i++
		:: else -> break
		od;
		i = 0;
		gone[s] = true;
		queued[s] = false
	}
}

/* settle(), of a slab that is not current */
inline settle(s, i)
{
	if
	:: used[s] == 0 && SLABS > 1 && queued[SLABS - 1 - s] -> delete(s, i)
	:: else -> queued[s] = true
	fi
}

/* drain_slab() */
inline drain_slab(s, word, n, i)
{
	d_step {
		if
		:: is_full[s] -> is_full[s] = false; used[s] = SLOTS
		:: else
		fi
	}
	take_remote(s, word, n, i);
	if
	:: s != current -> settle(s, i)
	:: else
	fi
}

/* ma_slab_drain() */
inline drain(s, after, word, n, i)
{
	if
	:: pending != NONE ->
	   d_step { s = pending; pending = NONE }
	   do
	   :: s != NONE ->
	      after = next_pending[s];
	      drain_slab(s, word, n, i);
	      s = after
	   :: else -> break
	   od
	:: else
	fi;
	atomic { s = 0; after = 0 }
}

/* Every slot is live, or ready, or on the remote list, and on one of them once; and `used` is what it has to be. */
inline audit(s, n, i, word)
{
	atomic {
		s = 0;
		do
		:: s < SLABS && !gone[s] ->
		   n = 0;
		   i = ready[s];
		   do
		   :: i != END ->
		      assert(n < SLOTS && state[s * SLOTS + i] == FREE);
		      n++;
		      i = next[s * SLOTS + i]
		   :: else -> break
		   od;
		   assert(!is_full[s] || n == 0);
		   word = n;
		   i = FIRST(remote[s]);
		   do
		   :: i != END ->
		      assert(n < SLOTS && state[s * SLOTS + i] == FREE);
		      n++;
		      i = next[s * SLOTS + i]
		   :: else -> break
		   od;
		   assert(n - word == COUNT(remote[s]));
		   i = 0;
		   do
		   :: i < SLOTS ->
		      if
		      :: state[s * SLOTS + i] != FREE -> n++
		      :: else
		      fi;
		      i++
		   :: else -> break
		   od;
		   assert(n == SLOTS);
		   if
		   :: is_full[s] -> assert(used[s] == 1 && (remote[s] & FLAGS))
		   :: else -> assert(used[s] == SLOTS - word + (s == current -> 1 : 0))
		   fi;
		   s++
		:: s < SLABS && gone[s] -> s++
		:: else -> break
		od;
		s = 0; n = 0; i = 0; word = 0
	}
}

active proctype Owner()
{
	byte ready[SLABS], used[SLABS], current = NONE;
	bool is_full[SLABS], queued[SLABS];
	bool gone[SLABS]; /* given back to the blocks */
	byte s, after, word, n, i, old;

	d_step { /* each slab has all its slots ready */
		do
		:: s < SLABS ->
		   i = 0;
		   do
		   :: i < SLOTS -> next[s * SLOTS + i] = (i + 1 < SLOTS -> i + 1 : END); i++
		   :: else -> break
		   od;
		   queued[s] = true;
		   s++
		:: else -> break
		od;
		s = 0; i = 0
	}
	do
	:: audit(s, n, i, word);
	   if
	   /* malloc: ma_slab_refill() */
	   :: do
	      :: current != NONE ->
		 if
		 :: ready[current] == END -> assert(used[current] == SLOTS + 1); collect(current, word, n, i)
		 :: else
		 fi;
		 if
		 :: ready[current] != END ->
		    d_step {
			    i = current * SLOTS + ready[current];
			    assert(state[i] == FREE);
			    state[i] = HELD;
			    held++;
			    ready[current] = next[i];
			    used[current]++;
			    i = 0
		    }
		    break
		 :: else
		 fi;
#ifdef FAULT_LEAVE
		 old = EMPTY;
#else
		 d_step { /* ma_slab_arm() */
			 old = remote[current];
			 if
#ifdef FAULT_ARM
			 :: true -> remote[current] = EMPTY | NOTIFY; old = EMPTY
#else
			 :: old == EMPTY -> remote[current] = EMPTY | NOTIFY
#endif
			 :: else
			 fi
		 }
#endif
		 if
		 :: old == EMPTY || (old & FLAGS) -> /* leave_current() */
		    d_step { is_full[current] = true; used[current] = 1; current = NONE; old = 0 }
		 :: else -> old = 0 /* frees came from others meanwhile */
		 fi
	      :: else -> /* next_slab() */
		 if
		 :: !queued[0] && !queued[SLABS - 1] -> drain(s, after, word, n, i)
		 :: else
		 fi;
		 if
		 :: queued[0] -> d_step { queued[0] = false; current = 0; used[0]++ }
		 :: !queued[0] && queued[SLABS - 1] ->
		    d_step { queued[SLABS - 1] = false; current = SLABS - 1; used[SLABS - 1]++ }
		 :: else ->
		    if
		    :: gone[0] || gone[SLABS - 1] -> /* slab_new() */
		       d_step {
			       s = (gone[0] -> 0 : SLABS - 1);
			       gone[s] = false;
			       remote[s] = EMPTY;
			       ready[s] = 0;
			       used[s] = 0;
			       i = 0;
			       do
			       :: i < SLOTS ->
				  next[s * SLOTS + i] = (i + 1 < SLOTS -> i + 1 : END);
				  i++
			       :: else -> break
			       od;
			       i = 0;
			       queued[s] = true;
			       s = 0
		       }
		    :: else -> /* the real one would make another slab: this one waits to be told */
		       if
		       :: pending != NONE
		       :: held > 0 -> break
		       fi
		    fi
		 fi
	      od
	   /* free: ma_slab_push(), ma_slab_event() */
	   :: pick(i, FREE);
	      d_step {
		      s = SLAB(i);
		      next[i] = ready[s];
		      ready[s] = i % SLOTS;
		      used[s]--;
		      i = 0
	      }
	      if
	      :: used[s] == 0 && is_full[s] ->
		 d_step { is_full[s] = false; used[s] = SLOTS - 1; old = remote[s] }
		 do /* ma_slab_disarm() */
		 :: old & PENDING -> break
		 :: else ->
		    d_step {
			    if
			    :: remote[s] == old -> remote[s] = old & ~NOTIFY; old = PENDING
			    :: else -> old = remote[s]
			    fi
		    }
		 od;
		 old = 0;
		 settle(s, i)
	      :: used[s] == 0 && !is_full[s] -> settle(s, i)
	      :: else
	      fi;
	      s = 0
	   /* ma_slab_collect(), of one slab */
	   :: s = 0;
	      if
	      :: s = 0
	      :: s = SLABS - 1
	      fi;
	      if
	      :: !is_full[s] && !gone[s] ->
		 collect(s, word, n, i);
		 if
		 :: s == current && used[s] == 1 -> current = NONE; used[s] = 0
		 :: else
		 fi;
		 if
		 :: used[s] == 0 -> delete(s, i)
		 :: else
		 fi
	      :: else
	      fi;
	      s = 0
	   fi
	od
}
