// SPDX-License-Identifier: MIT
// owned.cc - memory of libma's in C++, with an owner.
#include <cstdio>
#include <ma.h>
#include <memory>

struct ma_delete {
	void operator()(void *p) const noexcept
	{
		ma_free(p);
	}
};

int main()
{
	std::unique_ptr<char, ma_delete> text(static_cast<char *>(ma_malloc(100)));

	std::printf("%zu\n", ma_usable_size(text.get()));
}
