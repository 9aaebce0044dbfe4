# SPDX-License-Identifier: MIT
"""A heap map as JSON agrees with itself: blocks tile their chunk, bits and counts of slots, totals."""
import base64
import json
import sys

with open(sys.argv[1]) as file:
    heap_map = json.load(file)
stats = heap_map["stats"]
used_slots = used_blocks = free_bytes = 0
for chunk in heap_map["chunks"]:
    at = chunk["header"]
    pages = -(-(int(chunk["address"], 16) % heap_map["page"] + chunk["size"]) // heap_map["page"])
    assert len(base64.b64decode(chunk["resident"])) == -(-pages // 8), chunk["address"]
    for block in chunk["blocks"]:
        at += block[1]
        if block[0] == "slab":
            size, slot_size, slots, carved, used, first = block[1:7]
            assert first + slots * slot_size <= size and used <= carved <= slots, block
            used_slots += used
            if len(block) > 7:
                bits = int.from_bytes(base64.b64decode(block[7]), "little")
                assert bin(bits).count("1") == used and bits >> carved == 0, block
        elif block[0] == "used":
            used_blocks += 1
        else:
            assert block[0] == "free", block
            free_bytes += block[1] - 16
    assert at == chunk["size"], chunk["address"]
assert used_slots == stats["used_slots"], (used_slots, stats)
assert used_blocks == stats["used_blocks"], (used_blocks, stats)
assert free_bytes == stats["free_bytes"], (free_bytes, stats)
assert sum(l["size"] for l in heap_map["large"] if not l["free"]) == stats["large_bytes"]
