/* SPDX-License-Identifier: MIT */
/*
 * heaps.pml - heaps that lose their threads, and chunks that change hands: heaps.c, and slab.c under "a chunk changes
 * hands".
 *
 * THREADS threads start and end as they like, over HEAPS heaps. There is one chunk with two descriptors: 0 stands for
 * the chunk and has one block, 1 is a slab with one slot. Each thread allocates from the chunk if its heap owns it,
 * adopts it if it has none, and frees what the program holds, wherever that is. A further thread has no heap, and frees
 * only. That lists are linked right is remote.pml's; here a list is a set.
 *
 * Shown: of all that a heap's owner does to the chunk, no two things are done at once, and all by its owner; what is
 * freed is never lost: a thread that is about to tell the owner tells the one who looks; a full slab is armed; no slab
 * or chunk goes of which somebody is about to tell; and no lock is held for ever (a deadlock).
 *
 * Memory orders. Whoever finds NOTIFY reads the chunk's owner next: two words, so here order matters. The adopter
 * writes `owner` (relaxed) before ma_slab_arm() sets NOTIFY (release), and the push that finds it acquires: what it reads is
 * this owner or a later one. A later one there can't be, as PENDING keeps the chunk where it is. FAULT_OWNER is what a
 * missing release would allow. `idle` is a hint where it is read without the lock.
 *
 * Faults, each to be found with -D:
 *   FAULT_FREEZE   a chunk is adopted without looking whether somebody is about to tell its old owner
 *   FAULT_OWNER    the new owner is written after the chunk is armed
 *   FAULT_VISIT    a visitor does not look again, under the lock, whether the heap is idle
 *   FAULT_ADOPT    an adopter takes no lock
 *   FAULT_LEAVE    a heap becomes idle before its thread has done with it
 */
#ifndef THREADS
#define THREADS 2
#endif
#define HEAPS 2
#define NONE 7

/* The remote word of a descriptor: flags, and whether its one object is on the list. */
#define PENDING 4
#define NOTIFY 2
#define LISTED 1

mtype = {READY, HELD, FREEING, REMOTE};

byte remote[2];
mtype object[2] = READY;
bool is_full; /* the slab */
byte owner = NONE;
bool on_list[4]; /* heap * 2 + descriptor: on the heap's list of pending ones */
bool idle[HEAPS];
bool taken[HEAPS]; /* by a thread; neither: there is no such heap yet */
byte lock_holder = NONE;

byte at_work = NONE; /* who does what only the chunk's owner may */
bool telling[2];     /* between setting PENDING and the descriptor's being on a list */

inline lock()
{
	d_step { lock_holder == NONE; lock_holder = _pid }
}

inline unlock()
{
	lock_holder = NONE
}

/* Around what only the owner of the chunk may do, with heap h. */
inline enter(h)
{
	d_step { assert(at_work == NONE && owner == h); at_work = _pid }
}

inline leave()
{
	/* Nothing is stranded: what is full is armed, or its owner will be told. */
	d_step {
		assert(at_work == _pid);
		assert(remote[0] & (PENDING | NOTIFY));
		assert(!is_full || (remote[1] & (PENDING | NOTIFY)));
		assert(!(remote[0] & PENDING) || telling[0] || on_list[owner * 2]);
		assert(!(remote[1] & PENDING) || telling[1] || on_list[owner * 2 + 1]);
		at_work = NONE
	}
}

/* drain_blocks(), drain_slab() with ma_slab_take_remote(): exchange the word for `flags`. */
inline take_in(d, flags)
{
	d_step {
		assert(at_work == _pid);
		if
		:: remote[d] & LISTED -> assert(object[d] == REMOTE); object[d] = READY
		:: else -> assert(object[d] != REMOTE)
		fi;
		remote[d] = flags;
		if
		:: d == 1 -> is_full = false
		:: else
		fi
	}
}

/* ma_slab_drain(), of the list of heap h: caller is at work on it. */
inline drain(h, told)
{
	if
	:: on_list[h * 2] || on_list[h * 2 + 1] ->
	   d_step {
		   told = on_list[h * 2] + 2 * on_list[h * 2 + 1];
		   on_list[h * 2] = false;
		   on_list[h * 2 + 1] = false;
		   assert(owner == h)
	   }
	   if
	   :: told & 1 -> take_in(0, NOTIFY)
	   :: else
	   fi;
	   if
	   :: told & 2 -> take_in(1, 0)
	   :: else
	   fi;
	   told = 0
	:: else
	fi
}

/* ma_slab_drain() by whoever may have the chunk or not */
inline drain_own(h, told)
{
	if
	:: owner == h -> enter(h); drain(h, told); leave()
	:: else -> assert(!on_list[h * 2] && !on_list[h * 2 + 1])
	fi
}

/* ma_slab_arm(): done is false if frees came that nobody will tell of */
inline arm(d, done)
{
	d_step {
		if
		:: remote[d] == 0 -> remote[d] = NOTIFY; done = true
		:: else -> done = (remote[d] & (PENDING | NOTIFY)) != 0
		fi
	}
}

/* ma_slab_disarm(): done is false if somebody is about to tell */
inline disarm(d, done)
{
	d_step {
		done = (remote[d] & PENDING) == 0;
		if
		:: done -> remote[d] = remote[d] & ~NOTIFY
		:: else
		fi
	}
}

/* free_remote() of what is being freed: the push, and if need be the notice and a visit */
inline push_remote(d, old, o, told)
{
	d_step {
		old = remote[d];
		remote[d] = old | LISTED;
		object[d] = REMOTE;
		if
		:: old & NOTIFY ->
		   remote[d] = (remote[d] & ~NOTIFY) | PENDING;
		   assert(!telling[d]);
		   telling[d] = true
		:: else
		fi
	}
	if
	:: old & NOTIFY ->
	   o = owner;
	   d_step {
		   assert(!on_list[o * 2 + d]);
		   on_list[o * 2 + d] = true;
		   telling[d] = false
	   }
	   if
	   :: idle[o] -> /* ma_heaps_visit(), at one time or another */
	      if
	      :: skip
	      :: lock();
		 if
#ifdef FAULT_VISIT
		 :: true ->
#else
		 :: idle[o] ->
#endif
		    idle[o] = false;
		    drain_own(o, told);
		    idle[o] = true
		 :: else
		 fi;
		 unlock()
	      fi
	   :: else
	   fi
	:: else
	fi;
	d_step { old = 0; o = 0 }
}

active proctype Freer()
{
	byte d, old, o, told;

end:	do
	:: atomic {
		if
		:: object[0] == HELD -> d = 0
		:: object[1] == HELD -> d = 1
		fi;
		object[d] = FREEING
	   }
	   push_remote(d, old, o, told)
	od
}

active [THREADS] proctype Thread()
{
	byte h = NONE, d, old, o, told, from;
	bool done, first;

end:	do
	:: h == NONE -> /* a thread starts: ma_heaps_take() */
	   lock();
	   if
	   :: idle[0] -> idle[0] = false; h = 0
	   :: idle[1] -> idle[1] = false; h = 1
	   :: !idle[0] && !idle[1] && !taken[0] -> h = 0
	   :: !idle[0] && !idle[1] && taken[0] && !taken[1] -> h = 1
	   fi;
	   taken[h] = true;
	   unlock()

	:: h != NONE -> /* it ends: ma_heaps_leave() */
#ifdef FAULT_LEAVE
	   lock();
	   idle[h] = true;
	   unlock();
	   drain_own(h, told);
#else
	   drain_own(h, told);
	   lock();
	   idle[h] = true;
	   unlock();
#endif
	   h = NONE

	:: h != NONE && owner == NONE -> /* ma_chunk_new() */
	   d_step {
		   if
		   :: owner == NONE -> owner = h; remote[0] = NOTIFY; remote[1] = 0
		   :: else
		   fi
	   }

	:: h != NONE && owner == h -> /* malloc */
	   enter(h);
	   drain(h, told);
	   if
	   :: atomic { object[0] == READY -> object[0] = HELD }
	   :: atomic { object[1] == READY && !is_full -> object[1] = HELD }
	   :: object[1] != READY && !is_full -> /* ma_slab_take_unless_pending(), or ma_slab_arm() and leave_current() */
	      if
	      :: (remote[1] & LISTED) && !(remote[1] & PENDING) -> take_in(1, 0)
	      :: else ->
		 arm(1, done);
		 if
		 :: done -> is_full = true
		 :: else -> take_in(1, 0)
		 fi;
		 done = false
	      fi
	   :: else
	   fi;
	   leave()

	:: h != NONE && owner == h -> /* the chunk is empty: slab_delete(), ma_chunk_delete() */
	   enter(h);
	   if
	   :: object[0] == READY && object[1] == READY ->
	      d_step {
		      assert(!telling[0] && !telling[1]);
		      assert(!((remote[0] | remote[1]) & (PENDING | LISTED)));
		      assert(!on_list[0] && !on_list[1] && !on_list[2] && !on_list[3]);
		      at_work = NONE;
		      owner = NONE;
		      is_full = false
	      }
	   :: else -> leave()
	   fi

	:: h != NONE -> /* free */
	   if
	   :: atomic {
		if
		:: object[0] == HELD -> d = 0
		:: object[1] == HELD -> d = 1
		fi;
		object[d] = FREEING
	      }
	      if
	      :: owner == h ->
		 enter(h);
		 object[d] = READY;
		 if
		 :: d == 1 && is_full -> is_full = false; disarm(1, done); done = false
		 :: else
		 fi;
		 leave()
	      :: else -> push_remote(d, old, o, told)
	      fi
	   :: else
	   fi;
	   d = 0

	:: h != NONE && owner != h && owner != NONE -> /* ma_heaps_adopt() */
#ifndef FAULT_ADOPT
	   lock();
#endif
	   from = owner;
	   if
	   :: from != NONE && from != h && idle[from] ->
	      atomic { idle[from] = false; enter(from) }
	      drain(from, told);
	      /* ma_slab_freeze() */
#ifdef FAULT_FREEZE
	      done = true;
	      remote[0] = remote[0] & ~NOTIFY;
	      remote[1] = remote[1] & ~NOTIFY;
#else
	      disarm(0, first);
	      done = false;
	      if
	      :: first -> disarm(1, done)
	      :: else
	      fi;
#endif
	      if
	      :: !done && first ->
		 arm(0, done);
		 if
		 :: !done -> take_in(0, NOTIFY)
		 :: else
		 fi;
		 done = false
	      :: else
	      fi;
	      if
	      :: done -> /* ma_slab_adopt() */
#ifndef FAULT_OWNER
		 owner = h;
#endif
		 done = false;
		 if
		 :: is_full -> arm(1, done)
		 :: else
		 fi;
		 if
		 :: !done -> take_in(1, 0)
		 :: else
		 fi;
		 arm(0, done);
		 if
		 :: !done -> take_in(0, NOTIFY)
		 :: else
		 fi;
#ifdef FAULT_OWNER
		 owner = h;
#endif
	      :: else
	      fi;
	      leave();
	      idle[from] = true
	   :: else
	   fi;
#ifndef FAULT_ADOPT
	   unlock();
#endif
	   d_step { from = 0; done = false; first = false }
	od
}
