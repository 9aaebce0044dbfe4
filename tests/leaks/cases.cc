/* SPDX-License-Identifier: MIT */
/* cases.cc - leaking and clean programs in C++: see cases.h. */
#include "cases.h"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace
{

/* Longer than what a string keeps inside itself. */
const char long_text[] = "a text that is longer than what a string keeps inside itself";

void *global;

struct with_destructor {
	std::string text = long_text;
	~with_destructor()
	{
		use(this);
	}
};

struct shape {
	virtual ~shape() = default;
	char name[24] = {};
};

struct square : shape {
	std::unique_ptr<int> side{new int(4)};
};

struct ring {
	std::shared_ptr<ring> next;
	char name[40] = {};
};

template <typename T> T *lost(T *p)
{
	return static_cast<T *>(hide(p));
}

CASE containers(void)
{
	std::map<std::string, std::vector<int>> map;
	std::unordered_map<int, std::string> table;

	for (int i = 0; i < 100; i++) {
		map[long_text + std::to_string(i)].resize(static_cast<size_t>(i));
		table[i] = long_text;
	}
	use(&map);
	use(&table);
}

CASE smart_pointers(void)
{
	auto unique = std::make_unique<with_destructor>();
	auto shared = std::make_shared<with_destructor>(), other = shared;

	use(unique.get());
	use(other.get());
}

CASE singleton(void)
{
	static auto *map = new std::map<int, std::string>{{1, long_text}, {2, long_text}};

	use(map);
}

thread_local std::vector<std::string> names;

CASE thread_local_container(void)
{
	for (int i = 0; i < 10; i++)
		names.emplace_back(long_text);
}

CASE array_from_global(void)
{
	global = new with_destructor[5];
	use(&global);
}

CASE exception(void)
{
	try {
		throw std::runtime_error(long_text);
	} catch (const std::exception &caught) {
		use(caught.what());
	}
}

CASE joined_thread(void)
{
	std::string text = long_text;

	std::thread([text] { use(text.c_str()); }).join();
}

CASE object(void)
{
	lost(new int(1));
}

CASE array(void)
{
	lost(new int[100]);
}

CASE array_of_strings(void)
{
	lost(new with_destructor[5]);
}

CASE string(void)
{
	lost(new std::string(long_text));
}

CASE list(void)
{
	auto *list = new std::list<int>;

	for (int i = 0; i < 10; i++)
		list->push_back(i);
	lost(list);
}

CASE map(void)
{
	auto *map = new std::map<int, int>;

	for (int i = 0; i < 20; i++)
		(*map)[i] = i;
	lost(map);
}

CASE vector_of_pointers(void)
{
	std::vector<int *> vector;

	/* libma can't tell new memory from what an earlier owner has left in it, as Memcheck can: no earlier one. */
	vector.reserve(10);
	for (int i = 0; i < 10; i++)
		vector.push_back(lost(new int(i)));
	use(&vector);
}

CASE base_without_destructor(void)
{
	/* Not freed: the square and its side. */
	shape *shape = lost(new square);

	use(shape);
}

CASE released(void)
{
	lost(std::make_unique<with_destructor>().release());
}

CASE shared_ring(void)
{
	auto first = std::make_shared<ring>(), second = std::make_shared<ring>();

	first->next = second;
	second->next = first;
}

CASE throwing(void)
{
	try {
		lost(new std::string(long_text));
		throw std::runtime_error(long_text);
	} catch (const std::exception &caught) {
		use(caught.what());
	}
}

/* The registers that calls need not keep are saved on the stack all the same, when a function is bound. */
CASE wipe_other_registers(void)
{
#if defined(__x86_64__)
	__asm__ volatile(
		"xor %%eax, %%eax; xor %%ecx, %%ecx; xor %%edx, %%edx; xor %%esi, %%esi; xor %%edi, %%edi;"
		"xor %%r8d, %%r8d; xor %%r9d, %%r9d; xor %%r10d, %%r10d; xor %%r11d, %%r11d;"
		"pxor %%xmm0, %%xmm0; pxor %%xmm1, %%xmm1; pxor %%xmm2, %%xmm2; pxor %%xmm3, %%xmm3;"
		"pxor %%xmm4, %%xmm4; pxor %%xmm5, %%xmm5; pxor %%xmm6, %%xmm6; pxor %%xmm7, %%xmm7"
		:
		:
		: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3",
		  "xmm4", "xmm5", "xmm6", "xmm7");
#endif
}

CASE lose_string(void)
{
	lost(new std::string(long_text));
}

CASE in_thread(void)
{
	std::thread([] {
		lose_string();
		wipe_registers();
		wipe_other_registers();
		wipe_stack();
	}).join();
}

CASE function(void)
{
	std::string text = long_text;

	lost(new std::function<size_t()>([text] { return text.size(); }));
}

CASE overaligned(void)
{
	struct alignas(64) line {
		char bytes[64];
	};

	lost(new line);
}

} // namespace

int main(int argc, char **argv)
{
	static const struct leak_case cases[] = {
		{"containers", containers, 0, 0},
		{"smart_pointers", smart_pointers, 0, 0},
		{"singleton", singleton, 0, 0},
		{"thread_local_container", thread_local_container, 0, 0},
		{"array_from_global", array_from_global, 0, 0},
		{"exception", exception, 0, 0},
		{"joined_thread", joined_thread, 0, 0},
		{"object", object, 1, 0},
		{"array", array, 1, 0},
		{"array_of_strings", array_of_strings, 1, 5},
		{"string", string, 1, 1},
		{"list", list, 1, 10},
		{"map", map, 1, 20},
		{"vector_of_pointers", vector_of_pointers, 10, 0},
		{"base_without_destructor", base_without_destructor, 1, 1},
		{"released", released, 1, 1},
		{"shared_ring", shared_ring, 1, 1},
		{"throwing", throwing, 1, 1},
		{"in_thread", in_thread, 1, 1},
		{"function", function, 1, 2},
		{"overaligned", overaligned, 1, 0},
	};

	return run_cases(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
