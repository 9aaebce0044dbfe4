// SPDX-License-Identifier: MIT
//
// C++ on libma: every form of new and delete, what they do when memory is out, and containers and exceptions on top.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#define EXPECT(cond)                                                                                         \
	((cond) ? (void)0                                                                                    \
		: (std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond), std::abort()))

static volatile std::size_t too_large = SIZE_MAX / 2 - 100;
static void *volatile sink;
static int handled;

struct alignas(256) Wide {
	char bytes[300];
	explicit Wide(bool fail = false)
	{
		if (fail)
			throw std::runtime_error("in a constructor");
	}
};

template <typename T> static T *aligned(T *p)
{
	EXPECT(p != nullptr && reinterpret_cast<std::uintptr_t>(p) % alignof(T) == 0);
	return p;
}

static void forms()
{
	const std::align_val_t align{512};

	delete aligned(new int(5));
	delete[] aligned(new std::string[50]);
	delete aligned(new (std::nothrow) double(1));
	delete[] aligned(new (std::nothrow) char[0]);
	delete aligned(new Wide);
	delete[] aligned(new Wide[3]);
	delete aligned(new (std::nothrow) Wide);
	::operator delete (::operator new(100), std::size_t{100});
	::operator delete[](::operator new[](100), std::size_t{100});
	::operator delete(::operator new(100, std::nothrow), std::nothrow);
	::operator delete[](::operator new[](100, std::nothrow), std::nothrow);
	::operator delete(::operator new(100, align), align);
	::operator delete[](::operator new[](100, align), align);
	::operator delete (::operator new(100, align), std::size_t{100}, align);
	::operator delete[](::operator new[](100, align), std::size_t{100}, align);
	::operator delete(::operator new(100, align, std::nothrow), align, std::nothrow);
	::operator delete[](::operator new[](100, align, std::nothrow), align, std::nothrow);
	delete static_cast<int *>(nullptr);
	std::free(std::malloc(10));
	std::puts("forms");
}

template <typename Call> static bool throws(Call call)
{
	try {
		call();
	} catch (const std::bad_alloc &) {
		return true;
	}
	return false;
}

static void give_up()
{
	if (++handled == 3)
		std::set_new_handler(nullptr);
}

static void failures()
{
	EXPECT(throws([] { sink = ::operator new(too_large); }));
	EXPECT(throws([] { sink = ::operator new[](too_large); }));
	EXPECT(throws([] { sink = ::operator new (too_large, std::align_val_t{64}); }));
	EXPECT(throws([] { sink = ::operator new[](too_large, std::align_val_t{64}); }));
	EXPECT(throws([] {
		std::vector<char> v(too_large);
		sink = v.data();
	}));
	EXPECT(::operator new(too_large, std::nothrow) == nullptr);
	EXPECT(::operator new[](too_large, std::nothrow) == nullptr);
	EXPECT(::operator new (too_large, std::align_val_t{64}, std::nothrow) == nullptr);
	std::set_new_handler(give_up);
	EXPECT(throws([] { sink = ::operator new(too_large); }) && handled == 3);
	std::set_new_handler([] { throw std::bad_alloc(); });
	EXPECT(throws([] { sink = ::operator new(too_large); }));
	std::set_new_handler(nullptr);
	try {
		delete new Wide(true);
	} catch (const std::runtime_error &error) {
		std::puts(error.what());
	}
}

static void containers()
{
	std::map<std::string, std::vector<std::shared_ptr<Wide>>> map;
	std::vector<std::thread> threads;
	std::size_t sum = 0;

	for (int i = 0; i < 5000; i++)
		map["key " + std::to_string(i % 700)].push_back(std::make_shared<Wide>());
	for (int n = 0; n < 4; n++)
		threads.emplace_back([n] {
			for (int i = 0; i < 300; i++)
				try {
					throw std::runtime_error(
						std::string(static_cast<std::size_t>(i), 'x'));
				} catch (const std::runtime_error &error) {
					EXPECT(std::string(error.what()).size() ==
					       static_cast<std::size_t>(i));
				}
		});
	for (auto &thread : threads)
		thread.join();
	for (const auto &entry : map)
		sum += entry.first.size() * entry.second.size();
	std::printf("%zu\n", sum);
}

int main()
{
	forms();
	failures();
	containers();
}
