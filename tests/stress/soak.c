/* SPDX-License-Identifier: MIT */
/*
 * soak.c - does memory creep? Threads allocate, resize, free, hand over, end and begin anew, in rounds. A round's sizes
 * drift from 8 B to several MiB and back, other ones each time, and it ends with what every round ends with: as many
 * live objects, each of the size that its place has. There all threads rest, and what the process has resident is read;
 * at the end of each TRIM_EVERY-th round behind ma_trim() in all threads.
 *
 * After a quarter of the rounds, warm-up, the median of the first third of the rest is compared with that of the last,
 * for both kinds of rounds apart. ALLOWED_BYTES may come on top, for stacks and what the C library keeps, and
 *   - TRIMMED_PERCENT of the first median, behind ma_trim(): that is live objects and fragmentation, and varies by a tenth;
 *   - AS_IT_IS_PERCENT without: how much free memory is kept depends on when it was used last, and so on how busy the
 *     machine is.
 *
 * usage: soak [--seconds=N] [--plant=creep | --plant=damage]
 *
 * Ends with status 1 if memory creeps, saying by how much, and if the heap is not sound. What is planted shows that both
 * are seen: each round forgets PLANTED bytes in small objects; or writes past the end of an object.
 */
#include "stress.h"

#include <fcntl.h>

#define TABLES 4      /* a thread each */
#define LASTING 2     /* of these, so many threads last as long as the program */
#define PLACES 3000   /* of a table */
#define BOXES 64      /* where objects change hands */
#define STEPS 2500    /* of a thread in a phase */
#define MOST 12000000 /* bytes of a table, beyond which it takes small objects only */
#define ROUNDS 96     /* at least, however long they take */
#define ROUNDS_MOST 200000
#define TRIM_EVERY 4
#define TRIMMED_PERCENT 20
#define AS_IT_IS_PERCENT 35
#define ALLOWED_BYTES 1500000
#define PLANTED 300000

struct held {
	unsigned char *at;
	size_t size;
	uint64_t seed;
};

struct table {
	struct held place[PLACES];
	struct random random;
	size_t bytes;
};

struct box {
	pthread_mutex_t lock;
	struct held held;
};

/* Sizes of a phase: from 2^least to 2^most bytes, each doubling as likely; `home` is the end of a round. */
static const struct phase {
	unsigned least, most;
} phases[] = {{3, 9}, {4, 13}, {8, 18}, {12, 22}, {5, 16}, {3, 11}};
#define HOME LENGTH(phases)

static struct table table[TABLES];
static struct box box[BOXES];
static pthread_barrier_t begin, done;
static size_t phase;  /* written while all threads wait, as is the next */
static bool trimming; /* at the end of this round */
static atomic_bool ending;

/* What was read: a series for rounds as they are, one for those that trim. */
static struct series {
	const char *name;
	size_t percent, count;
	size_t resident[ROUNDS_MOST];
} as_it_is = {.name = "as it is", .percent = AS_IT_IS_PERCENT},
  trimmed = {.name = "trimmed", .percent = TRIMMED_PERCENT};

static size_t phase_size(struct table *in)
{
	const struct phase *now = &phases[phase];
	unsigned bits = now->least + (unsigned)random_below(&in->random, now->most - now->least);

	if (bits > 10 && (in->bytes > MOST || !random_once_in(&in->random, (size_t)1 << (bits - 10) / 2)))
		bits = 3 + (unsigned)random_below(&in->random, 7);
	return ((size_t)1 << bits) + random_below(&in->random, (size_t)1 << bits);
}

/* What the n-th place, of any table or box, holds at the end of each round. */
static size_t home_size(size_t n)
{
	struct random random = {n};

	return 8 + random_size(&random, random_once_in(&random, 70)   ? 1500000
					: random_once_in(&random, 20) ? 30000
								      : 800);
}

static void held_check(const struct held *held)
{
	expect(ma_usable_size(held->at) >= held->size);
	expect(pattern_holds(held->at, held->size, held->seed));
}

static void held_free(struct held *held)
{
	if (held->at == NULL)
		return;
	held_check(held);
	ma_free(held->at);
	*held = (struct held){0};
}

static void held_new(struct held *held, size_t size, struct random *random)
{
	switch (random_below(random, 8)) {
	case 0:
		held->at = ma_calloc(1, size);
		expect(held->at != NULL && pattern_is_zero(held->at, size));
		break;
	case 1:
		held->at = ma_aligned_alloc((size_t)16 << random_below(random, 9), size);
		break;
	default:
		held->at = ma_malloc(size);
	}
	expect(held->at != NULL);
	held->size = size;
	held->seed = random_next(random);
	pattern_fill(held->at, size, held->seed);
}

static void held_resize(struct held *held, size_t size, struct random *random)
{
	held_check(held);
	held->at = ma_realloc(held->at, size);
	expect(held->at != NULL &&
	       pattern_holds(held->at, size < held->size ? size & ~(size_t)7 : held->size, held->seed));
	held->size = size;
	held->seed = random_next(random);
	pattern_fill(held->at, size, held->seed);
}

static void hand_over(struct held *held, struct box *at)
{
	struct held mine = *held;

	pthread_mutex_lock(&at->lock);
	*held = at->held;
	at->held = mine;
	pthread_mutex_unlock(&at->lock);
}

static void step(struct table *in)
{
	struct held *held = &in->place[random_below(&in->random, PLACES)];

	in->bytes -= held->size;
	if (random_once_in(&in->random, 8))
		hand_over(held, &box[random_below(&in->random, BOXES)]);
	else if (held->at == NULL)
		held_new(held, phase_size(in), &in->random);
	else if (random_once_in(&in->random, 4))
		held_resize(held, phase_size(in), &in->random);
	else
		held_free(held);
	in->bytes += held->size;
}

static void go_home(struct held *held, size_t n, struct random *random)
{
	if (held->at == NULL)
		held_new(held, home_size(n), random);
	else
		held_resize(held, home_size(n), random);
}

static void run_phase(size_t me)
{
	struct table *in = &table[me];

	if (phase < HOME) {
		for (int i = 0; i < STEPS; i++)
			step(in);
		return;
	}
	in->bytes = 0;
	for (size_t i = 0; i < PLACES; i++) {
		go_home(&in->place[i], me * PLACES + i, &in->random);
		in->bytes += in->place[i].size;
	}
	if (trimming)
		ma_trim(0);
}

static void *live_for_a_phase(void *number)
{
	run_phase((uintptr_t)number);
	return NULL;
}

static void *last(void *number)
{
	for (;;) {
		pthread_barrier_wait(&begin);
		if (atomic_load(&ending))
			return NULL;
		run_phase((uintptr_t)number);
		pthread_barrier_wait(&done);
	}
}

static void run_round(void)
{
	pthread_t thread[TABLES];

	for (phase = 0; phase <= HOME; phase++) {
		pthread_barrier_wait(&begin);
		for (uintptr_t i = LASTING; i < TABLES; i++)
			thread[i] = stress_thread(live_for_a_phase, (void *)i);
		for (size_t i = LASTING; i < TABLES; i++)
			expect(pthread_join(thread[i], NULL) == 0);
		pthread_barrier_wait(&done);
	}
	for (size_t i = 0; i < BOXES; i++)
		go_home(&box[i].held, TABLES * PLACES + i, &table[0].random);
	if (trimming)
		ma_trim(0); /* and the heaps of threads that have ended */
}

static size_t live_bytes(void)
{
	size_t bytes = 0;

	for (size_t i = 0; i < TABLES; i++)
		for (size_t n = 0; n < PLACES; n++)
			bytes += table[i].place[n].size;
	for (size_t i = 0; i < BOXES; i++)
		bytes += box[i].held.size;
	return bytes;
}

/* Bytes of the process; without stdio, which would allocate. smaps_rollup counts, the older statm may lag behind. */
static size_t read_resident(void)
{
	char text[4096];
	const char *found;
	int file = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	bool exact = file >= 0;
	ssize_t length;

	if (!exact)
		file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	length = read(file, text, sizeof(text) - 1);
	expect(length > 0);
	text[length] = '\0';
	close(file);
	found = strstr(text, exact ? "Rss:" : " ");
	expect(found != NULL);
	return strtoull(found + (exact ? 4 : 1), NULL, 10) * (exact ? 1024 : (size_t)sysconf(_SC_PAGESIZE));
}

static int by_size(const void *left, const void *right)
{
	size_t a = *(const size_t *)left, b = *(const size_t *)right;

	return (a > b) - (a < b);
}

static size_t median(size_t *from, size_t count)
{
	qsort(from, count, sizeof(*from), by_size);
	return from[count / 2];
}

static double mib(size_t bytes)
{
	return (double)bytes / (1 << 20);
}

/* The status. */
static int judge(struct series *series)
{
	size_t warm = series->count / 4, third = (series->count - warm) / 3;
	size_t before = median(series->resident + warm, third);
	size_t after = median(series->resident + series->count - third, third);
	size_t allowed = before / 100 * series->percent + ALLOWED_BYTES;

	printf("soak: %s, %zu rounds: in the first third after warm-up %.1f MiB resident, in the last %.1f MiB: %+.1f MiB; "
	       "%.1f MiB are allowed\n",
	       series->name, series->count, mib(before), mib(after), mib(after) - mib(before), mib(allowed));
	if (after <= before + allowed)
		return 0;
	printf("soak: memory creeps: by %.1f MiB from one third to the other\n", mib(after - before));
	return 1;
}

static void forget(struct random *random)
{
	for (size_t bytes = 0, size; bytes < PLANTED; bytes += size) {
		struct held held;
		size = 8 + random_below(random, 500);
		held_new(&held, size, random);
	}
}

/* Behind a block of some size, into the next one's header. */
static void damage(void)
{
	for (size_t i = 0; i < PLACES; i++) {
		struct held *held = &table[0].place[i];
		if (held->size > 100000 && held->size < 1000000) {
			memset(held->at + ma_usable_size(held->at), 1, 16);
			return;
		}
	}
}

static void one_round(size_t number, const char *plant, struct random *random)
{
	struct series *series = number % TRIM_EVERY == 0 ? &trimmed : &as_it_is;

	trimming = series == &trimmed;
	run_round();
	series->resident[series->count++] = read_resident();
	if (strcmp(plant, "creep") == 0)
		forget(random);
	if (strcmp(plant, "damage") == 0)
		damage();
}

static int soak(double seconds, const char *plant)
{
	double start = stress_now(), told = start;
	struct random random = {42};
	size_t rounds = 0, live = 0;
	int status;

	while (rounds < ROUNDS_MOST && (rounds < ROUNDS || stress_now() - start < seconds)) {
		one_round(++rounds, plant, &random);
		expect(rounds == 1 || live_bytes() == live);
		live = live_bytes();
		if (rounds % 16 == 1 && ma_check() != 0) {
			printf("soak: the heap is not sound after round %zu\n", rounds);
			return 1;
		}
		if (stress_now() - told >= 5) {
			told = stress_now();
			printf("soak: %3.0f s, round %zu: %.1f MiB live, %.1f MiB resident, %.1f MiB when trimmed last\n",
			       told - start, rounds, mib(live), mib(as_it_is.resident[as_it_is.count - 1]),
			       mib(trimmed.resident[trimmed.count - 1]));
			fflush(stdout);
		}
	}
	status = judge(&trimmed);
	return judge(&as_it_is) | status;
}

static void free_all(void)
{
	for (size_t i = 0; i < TABLES; i++)
		for (size_t n = 0; n < PLACES; n++)
			held_free(&table[i].place[n]);
	for (size_t i = 0; i < BOXES; i++)
		held_free(&box[i].held);
}

int main(int argc, char **argv)
{
	const char *plant = "";
	pthread_t lasting[LASTING];
	double seconds = 60;
	int status;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--seconds=", 10) == 0)
			seconds = atof(argv[i] + 10);
		else if (strcmp(argv[i], "--plant=creep") == 0 || strcmp(argv[i], "--plant=damage") == 0)
			plant = argv[i] + 8;
		else {
			fprintf(stderr, "usage: soak [--seconds=N] [--plant=creep | --plant=damage]\n");
			return 2;
		}
	}
	/* Resident from the first round on. */
	memset(as_it_is.resident, 1, sizeof(as_it_is.resident));
	memset(trimmed.resident, 1, sizeof(trimmed.resident));
	pthread_barrier_init(&begin, NULL, LASTING + 1);
	pthread_barrier_init(&done, NULL, LASTING + 1);
	for (size_t i = 0; i < BOXES; i++)
		pthread_mutex_init(&box[i].lock, NULL);
	for (uintptr_t i = 0; i < TABLES; i++)
		table[i].random.state = i + 1;
	for (uintptr_t i = 0; i < LASTING; i++)
		lasting[i] = stress_thread(last, (void *)i);
	status = soak(seconds, plant);
	fflush(stdout);
	if (status != 0)
		_exit(status); /* threads that end would meet the damage */
	atomic_store(&ending, true);
	pthread_barrier_wait(&begin);
	for (size_t i = 0; i < LASTING; i++)
		expect(pthread_join(lasting[i], NULL) == 0);
	free_all();
	stress_finish();
	return 0;
}
