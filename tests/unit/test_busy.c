/* SPDX-License-Identifier: MIT */
/* Is a thread inside libma? Each has a mark of its own, at the same distance from what the thread's register holds. */
#include "unit.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "busy.h"
#include "lock.h"
#include "root.h"

START_TEST(pairs)
{
	struct lock lock = MA_LOCK_INIT;

	ma_busy_begin();
	ma_lock(&lock);
	expect(ma_busy == 2);
	if (MA_THREADS)
		expect(!ma_lock_try(&lock) && ma_busy == 2);
	ma_unlock(&lock);
	expect(ma_lock_try(&lock) && ma_busy == 2);
	ma_unlock(&lock);
	ma_busy_end();
	expect(ma_busy == 0);
}
END_TEST

#if MA_THREADS
static void *try_it(void *lock)
{
	bool had = ma_lock_try(lock);

	if (had)
		ma_unlock(lock);
	return had ? lock : NULL;
}

static bool others_have(struct lock *lock)
{
	pthread_t thread;
	void *had;

	expect(pthread_create(&thread, NULL, try_it, lock) == 0 && pthread_join(thread, &had) == 0);
	return had != NULL;
}

/* Who keeps a lock passes it by, and is not inside. */
START_TEST(kept)
{
	struct lock lock = MA_LOCK_INIT;

	for (int i = 0; i < 2; i++) {
		ma_lock_keep(&lock);
		ma_lock_keep(&lock);
		ma_lock_release(&lock);
		expect(ma_busy == 0 && !others_have(&lock));
		ma_lock(&lock);
		expect(ma_busy == 1 && ma_lock_try(&lock) && ma_busy == 2);
		ma_unlock(&lock);
		ma_unlock(&lock);
		expect(ma_busy == 0 && !others_have(&lock));
		if (fork() == 0) {
			ma_lock(&lock);
			ma_unlock(&lock);
			ma_lock_release(&lock);
			_exit(ma_busy != 0 || !ma_lock_try(&lock) || ma_lock_try(&lock));
		}
		ma_lock_release(&lock);
		expect(ma_busy == 0 && others_have(&lock));
	}
	ma_lock(&lock);
	ma_lock_release(&lock); /* held without being kept */
	expect(ma_busy == 0 && others_have(&lock));
	for (int status = 0; wait(&status) > 0;)
		expect(status == 0);
}
END_TEST
#endif

#if MA_THREADS && defined __x86_64__
static ptrdiff_t distance(void)
{
	for (const struct root *root = ma_root_head.first; root < ma_root_head.end; root++)
		if (strcmp(root->name, "busy.distance") == 0)
			return *(const ptrdiff_t *)root->at;
	return 0;
}

/* The C library's name for a thread is, on this machine, what its register holds. */
static unsigned mark_of(pthread_t thread)
{
	unsigned mark;

	memcpy(&mark, (const char *)thread + distance(), sizeof(mark));
	return mark;
}

static void *busy_thrice(void *result)
{
	for (int i = 0; i < 3; i++)
		ma_busy_begin();
	expect(mark_of(pthread_self()) == 3);
	return result;
}

START_TEST(is_found)
{
	pthread_t thread;

	ma_busy_start();
	expect(distance() != 0 && mark_of(pthread_self()) == 0);
	ma_busy_begin();
	expect(pthread_create(&thread, NULL, busy_thrice, NULL) == 0 && pthread_join(thread, NULL) == 0);
	expect(mark_of(pthread_self()) == 1);
	ma_busy_end();
}
END_TEST
#else
START_TEST(is_found)
{
	ma_busy_start();
	expect(ma_busy == 0);
}
END_TEST
#endif

int main(void)
{
	const TTest *const tests[] = {
		pairs,
		is_found,
#if MA_THREADS
		kept,
#endif
	};

	return unit_run("busy", tests, LENGTH(tests));
}
