# SPDX-License-Identifier: MIT
"""A heap map as JSON agrees with itself: blocks tile their chunk, bits and counts of slots, totals."""
import base64
import json
import re
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

# Sites: what objects refer to is there, and the table's sums are those of the objects.
sites = heap_map.get("sites", {"list": [], "stacks": [], "frames": []})
objects = [0] * len(sites["list"])
for chunk in heap_map["chunks"]:
    in_use = sum(b[5] if b[0] == "slab" else b[0] == "used" for b in chunk["blocks"])
    runs = re.fullmatch(r"((-|\d+)(\*\d+)?(@\d+)?;)*", chunk.get("sites", ""))
    assert runs, chunk["address"]
    told = 0
    for site, count in re.findall(r"(-|\d+)(?:\*(\d+))?(?:@\d+)?;", chunk.get("sites", "")):
        told += int(count or 1)
        if site != "-":
            objects[int(site)] += int(count or 1)
    assert told <= in_use, (chunk["address"], told, in_use)
for one in heap_map["large"] + heap_map["guarded"]:
    if "site" in one:
        objects[one["site"]] += 1
for site, count in zip(sites["list"], objects):
    stack, thread, asked, many, size, youngest, oldest = site
    assert many == count and -1 <= stack < len(sites["stacks"]) and youngest <= oldest, site
    assert size == asked * many or asked == 0, site
assert all(frame < len(sites["frames"]) for stack in sites["stacks"] for frame in stack)
for guarded in heap_map["guarded"]:
    inset = int(guarded["address"], 16) % heap_map["page"]
    assert inset + guarded["size"] <= guarded["held"] and guarded["resident"] <= guarded["held"], guarded
    assert "site" in guarded and "age_ms" in guarded, guarded
# Asked for more than that there is a map: so many guarded objects, and this function in a stack.
if len(sys.argv) > 2:
    assert len(heap_map["guarded"]) >= int(sys.argv[2]), len(heap_map["guarded"])
    assert sum(objects) >= 1000, sum(objects)
