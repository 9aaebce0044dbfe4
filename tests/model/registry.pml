/* SPDX-License-Identifier: MIT */
/*
 * registry.pml - the chunks' registry, which is read without a lock: chunk.c, registry_set(), registry_clear(),
 * ma_chunk_of().
 *
 * Two threads make chunks in two windows of one leaf, give objects in them to a third thread, and give the chunks back
 * when the objects are freed. A stranger maps what memory is left, and asks about his own. The third looks up what it
 * was given.
 *
 * Shown: who holds an object finds its chunk, with a whole header; of a stranger's memory no chunk is ever found, so it
 * is never taken for a header; a registration is not lost when two threads need the same leaf.
 *
 * Memory orders. An entry and a leaf are published by a release store, after what they lead to was written, and read by
 * an acquire load: an order of two words that the model's steps have and the code asks for. registry_clear() may be
 * relaxed: who can ask about the memory next was given it by the system, behind the system call that gave it back.
 *
 * Faults, each to be found with -D:
 *   FAULT_PUBLISH   the entry is written before the header, as if the store was no release
 *   FAULT_UNMAP     the memory is given back before the entry is cleared
 *   FAULT_LOCK      registrations take no lock
 */
#define NONE 0
#define NOBODY 0
#define STRANGER 9

byte memory[3];	 /* who has each window: NOBODY, 1 or 2, or STRANGER; windows are 1 and 2 */
bool header[3];	 /* its chunk's header is whole */
byte leaf;	 /* root entry: which leaf, NONE if there is none */
byte leaves;	 /* that were made */
bool entry[6];	 /* of each of two leaves: leaf * 2 + window - 1, says that the window has a chunk */
bool object[3];	 /* the program holds an object in the window */
byte holder;	 /* the lock's, 0 if it is free */

#define ENTRY(l, w) entry[(l) * 2 + (w) - 1]

inline lock()
{
#ifdef FAULT_LOCK
	skip
#else
	d_step { holder == 0; holder = _pid + 1 }
#endif
}

inline unlock()
{
#ifdef FAULT_LOCK
	skip
#else
	holder = 0
#endif
}

/* ma_chunk_of() */
inline look_up(w, l, found)
{
	l = leaf;
	if
	:: l == NONE -> found = false
	:: else -> found = ENTRY(l, w)
	fi
}

proctype Maker(byte w)
{
	byte l;

	do
	:: lock();
	   if
	   :: d_step { memory[w] == NOBODY; memory[w] = w; header[w] = false }
#ifdef FAULT_PUBLISH
	   skip;
#else
	   header[w] = true;
#endif
	   /* registry_set() */
	   l = leaf;
	   if
	   :: l == NONE ->
	      d_step { leaves++; l = leaves }
	      leaf = l;
	      l = leaf
	   :: else
	   fi;
	   ENTRY(l, w) = true;
#ifdef FAULT_PUBLISH
	   object[w] = true;
	   header[w] = true;
#endif
	   unlock();
	   object[w] = true;
	   !object[w];
	   lock();
#ifdef FAULT_UNMAP
	   memory[w] = NOBODY;
	   ENTRY(leaf, w) = false;
#else
	   ENTRY(leaf, w) = false;
	   memory[w] = NOBODY;
#endif
	   unlock()
	   :: memory[w] == STRANGER -> unlock() /* the system gave none */
	   fi
	od
}

active proctype Reader()
{
	byte w, l;
	bool found;

	do
	:: if
	   :: object[1] -> w = 1
	   :: object[2] -> w = 2
	   fi;
	   look_up(w, l, found);
	   assert(found && header[w] && memory[w] == w);
	   object[w] = false; /* freed; the push to its owner is remote.pml's */
	   d_step { w = 0; l = 0; found = false }
	od
}

active proctype Stranger()
{
	byte w, l;
	bool found;

	do
	:: if
	   :: d_step { memory[1] == NOBODY; memory[1] = STRANGER; w = 1 }
	   :: d_step { memory[2] == NOBODY; memory[2] = STRANGER; w = 2 }
	   fi;
	   look_up(w, l, found);
	   assert(!found);
	   memory[w] = NOBODY;
	   d_step { w = 0; l = 0 }
	od
}

init
{
	atomic { run Maker(1); run Maker(2) }
}
