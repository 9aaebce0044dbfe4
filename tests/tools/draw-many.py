# SPDX-License-Identifier: MIT
"""Prints a heap map of so many bytes at least: its chunks many times over, each copy 1 GiB behind the one before."""
import json
import sys

with open(sys.argv[1]) as file:
    heap_map = json.load(file)
chunks = heap_map["chunks"]
copies = int(sys.argv[2]) // len(json.dumps(chunks, separators=(",", ":"))) + 1
heap_map["chunks"] = [
    dict(chunk, address=hex(int(chunk["address"], 16) + (copy << 30)))
    for copy in range(copies)
    for chunk in chunks
]
print(json.dumps(heap_map, separators=(",", ":")))
