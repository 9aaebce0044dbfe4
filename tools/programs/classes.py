# SPDX-License-Identifier: MIT
"""classes.py - builds, walks, rewrites and drops trees of small objects, again and again."""

import sys


class Node:
    """A name for a value; its children are ordered by name."""

    def __init__(self, name, value):
        self.name = name
        self.value = value
        self.children = []
        self.notes = {"seen": 0, "path": name}

    def add(self, child):
        child.notes["path"] = self.notes["path"] + "/" + child.name
        self.children.append(child)

    def total(self):
        self.notes["seen"] += 1
        return self.value + sum(child.total() for child in self.children)


class Counter(Node):
    def total(self):
        return 2 * super().total()


def build(depth, width, seed):
    kind = Counter if seed % 3 == 0 else Node
    node = kind("n" + str(seed), seed % 1009)
    if depth > 0:
        for i in range(width):
            node.add(build(depth - 1, width, (seed * 31 + i * 17 + depth) % 1000003))
    return node


def main(generations):
    kept = []
    for generation in range(generations):
        kept.append(build(6, 4, generation))
        if len(kept) > 3:
            kept.pop(generation % 3)
        print(generation, sum(tree.total() for tree in kept), len(kept[-1].children))


main(int(sys.argv[1]))
