/* SPDX-License-Identifier: MIT */
/* cases.c - leaking and clean programs in C: see cases.h. */
#include "cases.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>

struct node {
	struct node *left, *right;
	char name[32];
};

static struct node *new_node(struct node *left, struct node *right)
{
	struct node *node = hide(malloc(sizeof(*node)));

	node->left = left;
	node->right = right;
	memset(node->name, 'n', sizeof(node->name));
	return node;
}

static struct node *new_list(int length)
{
	struct node *head = NULL;

	while (length-- > 0)
		head = new_node(head, NULL);
	return head;
}

static struct node *new_tree(int depth)
{
	return depth == 0 ? NULL : new_node(new_tree(depth - 1), new_tree(depth - 1));
}

static void *global, *other_global;

/* --- clean --- */

CASE nothing(void)
{
}

CASE all_freed(void)
{
	void *object[100];

	for (size_t i = 0; i < 100; i++)
		object[i] = hide(malloc(i * 100));
	for (size_t i = 0; i < 100; i++)
		free(object[i]);
}

CASE freed_at_exit_by(void)
{
	free(global);
}

CASE freed_at_exit(void)
{
	global = hide(malloc(100));
	atexit(freed_at_exit_by);
}

CASE grown(void)
{
	char *text = NULL;

	for (size_t size = 1; size < 1000000; size *= 3) {
		text = hide(realloc(text, size));
		text[size - 1] = 'x';
	}
	free(text);
}

/* --- reachable --- */

CASE from_global(void)
{
	global = hide(malloc(100));
}

CASE from_static_local(void)
{
	static struct node *list;

	list = new_list(100);
	use(&list);
}

CASE tree_from_global(void)
{
	global = new_tree(8);
}

CASE ring_from_global(void)
{
	struct node *first = new_node(NULL, NULL), *second = new_node(first, NULL);

	first->left = second;
	global = first;
}

CASE sizes_from_table(void)
{
	void **table = hide(calloc(200, sizeof(void *)));

	for (size_t i = 0; i < 200; i++)
		table[i] = hide(malloc(i * i));
	global = table;
}

CASE large_from_global(void)
{
	void **large = hide(malloc(3 << 20));

	large[200000] = new_list(10);
	global = large;
}

CASE from_mapping(void)
{
	void **mapping =
		hide(mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	mapping[100000] = new_list(10);
}

CASE from_huge_mapping(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	void **mapping = hide(mmap(NULL, (size_t)256 << 20, PROT_READ | PROT_WRITE, flags, -1, 0));

	mapping[20000000] = new_list(10);
}

static __thread struct node *thread_local_node;

CASE from_thread_local(void)
{
	thread_local_node = new_list(5);
	use(&thread_local_node);
}

CASE from_environment(void)
{
	setenv("LEAK_CASE", "value", 1);
}

CASE open_file(void)
{
	FILE *file = hide(fopen("/dev/null", "w"));

	fputs("x", file);
}

CASE aligned_from_global(void)
{
	global = hide(aligned_alloc(256, 1024));
	if (posix_memalign(&other_global, 4096, 100) != 0)
		abort();
}

/* --- threads; those that stay are there at exit --- */

static sem_t ready, never;

static __attribute__((noinline)) void stay(void)
{
	sem_post(&ready);
	for (;;)
		sem_wait(&never);
}

static void start(void *(*run)(void *))
{
	pthread_t thread;

	sem_init(&ready, 0, 0);
	sem_init(&never, 0, 0);
	if (pthread_create(&thread, NULL, run, NULL) != 0)
		abort();
	sem_wait(&ready);
}

static void *hold_on_stack(void *arg)
{
	struct node *volatile list = new_list(10);

	stay();
	use(list);
	return arg;
}

CASE from_another_stack(void)
{
	start(hold_on_stack);
}

static void *hold_in_thread_local(void *arg)
{
	thread_local_node = new_list(10);
	use(&thread_local_node);
	stay();
	return arg;
}

CASE from_another_thread_local(void)
{
	start(hold_in_thread_local);
}

static pthread_key_t key;

static void *hold_as_specific(void *arg)
{
	pthread_setspecific(key, new_list(10));
	stay();
	return arg;
}

CASE from_thread_specific(void)
{
	pthread_key_create(&key, NULL);
	start(hold_as_specific);
}

static void *block_signals(void *arg)
{
	struct node *volatile list = new_list(10);
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	stay();
	use(list);
	return arg;
}

CASE from_thread_without_signals(void)
{
	start(block_signals);
}

static __attribute__((noinline)) void *lose(void)
{
	use(new_list(10));
	return NULL;
}

static void *lose_and_end(void *arg)
{
	lose();
	wipe_stack();
	return arg;
}

CASE lost_by_ended_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, lose_and_end, NULL) != 0 || pthread_join(thread, NULL) != 0)
		abort();
}

static void *lose_and_stay(void *arg)
{
	lose();
	wipe_stack();
	wipe_registers();
	stay();
	return arg;
}

CASE lost_by_another_thread(void)
{
	start(lose_and_stay);
}

/* --- lost --- */

CASE one(void)
{
	use(malloc(100));
}

CASE one_of_no_size(void)
{
	use(malloc(0));
}

CASE one_large(void)
{
	use(malloc(5 << 20));
}

CASE one_aligned(void)
{
	use(hide(aligned_alloc(1024, 4096)));
}

CASE one_zeroed(void)
{
	use(calloc(1000, 1000));
}

CASE text(void)
{
	use(hide(strdup("a text")));
}

CASE overwritten(void)
{
	for (size_t i = 0; i < 10; i++) {
		global = hide(malloc(50));
		memset(global, 0, 50);
	}
	use(&global);
}

CASE every_size(void)
{
	for (size_t size = 1; size < 100000; size += 1 + size / 4)
		use(malloc(size));
}

CASE list(void)
{
	use(new_list(10));
}

CASE long_list(void)
{
	use(new_list(20000));
}

CASE tree(void)
{
	use(new_tree(5));
}

CASE ring(void)
{
	struct node *first = new_node(NULL, NULL), *at = first;

	for (size_t i = 0; i < 4; i++)
		at = new_node(at, NULL);
	first->left = at;
}

CASE to_itself(void)
{
	struct node *node = new_node(NULL, NULL);

	node->left = node;
}

CASE shared_child(void)
{
	struct node *child = new_node(NULL, NULL);

	use(new_node(child, NULL));
	use(new_node(NULL, child));
}

CASE to_reachable(void)
{
	global = new_list(5);
	use(new_node(global, NULL));
}

CASE table_of_pointers(void)
{
	void **table = hide(calloc(100, sizeof(void *)));

	for (size_t i = 0; i < 100; i++)
		table[i] = hide(malloc(10 + i));
}

CASE in_large(void)
{
	void **large = hide(malloc(3 << 20));

	large[100] = new_list(3);
	large[300000] = new_list(4);
}

CASE children_first(void)
{
	/* What points is made after what is pointed to, and before. */
	struct node *before = new_node(NULL, NULL), *middle = new_node(NULL, NULL),
		    *after = new_node(NULL, NULL);

	middle->left = before;
	middle->right = after;
}

CASE only_in_freed(void)
{
	struct node *node = new_node(new_node(NULL, NULL), NULL);

	node->right = new_node(NULL, NULL);
	*(void **)(void *)node->name = new_node(NULL, NULL);
	free(node);
}

CASE hidden(void)
{
	global = (void *)~(size_t)hide(malloc(64));
}

CASE tree_cut(void)
{
	struct node *tree = new_tree(4);

	tree->left->left = NULL; /* a tree of 3 nodes */
	global = tree;
}

CASE old_after_growth(void)
{
	struct node **table = hide(malloc(8 * sizeof(*table)));

	for (size_t i = 0; i < 8; i++)
		table[i] = new_node(NULL, NULL);
	table = hide(realloc(table, 2 * sizeof(*table))); /* six lost */
	global = table;
}

CASE removed_from_environment(void)
{
	char *entry = hide(malloc(100));

	strcpy(entry, "LEAK_CASE=value");
	putenv(entry);
	unsetenv("LEAK_CASE");
}

/* --- pointers into the middle: possibly lost, and so in neither number --- */

CASE middle(void)
{
	global = (char *)hide(malloc(64)) + 24;
}

CASE behind_middle(void)
{
	struct node *list = new_list(5);

	global = list->name;
}

CASE middle_of_large(void)
{
	global = (char *)hide(malloc(4 << 20)) + (3 << 20);
}

CASE only_byte(void)
{
	global = (char *)hide(malloc(16)) + 15;
}

int main(int argc, char **argv)
{
	static const struct leak_case cases[] = {
		{"nothing", nothing, 0, 0},
		{"all_freed", all_freed, 0, 0},
		{"freed_at_exit", freed_at_exit, 0, 0},
		{"grown", grown, 0, 0},
		{"from_global", from_global, 0, 0},
		{"from_static_local", from_static_local, 0, 0},
		{"tree_from_global", tree_from_global, 0, 0},
		{"ring_from_global", ring_from_global, 0, 0},
		{"sizes_from_table", sizes_from_table, 0, 0},
		{"large_from_global", large_from_global, 0, 0},
		{"from_mapping", from_mapping, 0, 0},
		{"from_huge_mapping", from_huge_mapping, 0, 0},
		{"from_thread_local", from_thread_local, 0, 0},
		{"from_environment", from_environment, 0, 0},
		{"open_file", open_file, 0, 0},
		{"aligned_from_global", aligned_from_global, 0, 0},
		{"from_another_stack", from_another_stack, 0, 0},
		{"from_another_thread_local", from_another_thread_local, 0, 0},
		{"from_thread_specific", from_thread_specific, 0, 0},
		{"from_thread_without_signals", from_thread_without_signals, 0, 0},
		{"lost_by_ended_thread", lost_by_ended_thread, 1, 9},
		{"lost_by_another_thread", lost_by_another_thread, 1, 9},
		{"one", one, 1, 0},
		{"one_of_no_size", one_of_no_size, 1, 0},
		{"one_large", one_large, 1, 0},
		{"one_aligned", one_aligned, 1, 0},
		{"one_zeroed", one_zeroed, 1, 0},
		{"text", text, 1, 0},
		{"overwritten", overwritten, 9, 0},
		{"every_size", every_size, 47, 0},
		{"list", list, 1, 9},
		{"long_list", long_list, 1, 19999},
		{"tree", tree, 1, 30},
		{"ring", ring, 1, 4},
		{"to_itself", to_itself, 1, 0},
		{"shared_child", shared_child, 2, 1},
		{"to_reachable", to_reachable, 1, 0},
		{"table_of_pointers", table_of_pointers, 1, 100},
		{"in_large", in_large, 1, 7},
		{"children_first", children_first, 1, 2},
		{"only_in_freed", only_in_freed, 3, 0},
		{"hidden", hidden, 1, 0},
		{"tree_cut", tree_cut, 1, 2},
		{"old_after_growth", old_after_growth, 6, 0},
		{"removed_from_environment", removed_from_environment, 1, 0},
		{"middle", middle, 0, 0},
		{"behind_middle", behind_middle, 0, 0},
		{"middle_of_large", middle_of_large, 0, 0},
		{"only_byte", only_byte, 0, 0},
	};

	return run_cases(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
