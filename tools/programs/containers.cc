// SPDX-License-Identifier: MIT
//
// containers.cc - what the C++ compiler is given to compile: templates, and much of the standard library.
#include <cstdio>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

template <int N> struct Tree {
	std::unique_ptr<Tree<N - 1>> left, right;
	std::map<std::string, std::vector<int>> values;

	int sum() const
	{
		int total = left ? left->sum() + right->sum() : 0;
		for (const auto &[name, numbers] : values)
			total += std::accumulate(numbers.begin(), numbers.end(),
						 static_cast<int>(name.size()));
		return total;
	}
};

template <> struct Tree<0> {
	int sum() const
	{
		return 1;
	}
};

int main()
{
	Tree<4> tree;
	std::unordered_map<std::string, std::vector<std::string>> table{{"a", {"b", "c"}}};
	std::set<std::pair<std::string, int>> order;

	tree.values["numbers"] = {1, 2, 3};
	order.insert({"key", std::stoi("42")});
	std::printf("%d %zu %zu\n", tree.sum(), table.size(), order.size());
}
