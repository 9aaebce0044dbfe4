# SPDX-License-Identifier: MIT
"""A page whose maps are told in less detail: what is said of a slab's objects fits the table of sites."""
import json
import re
import sys

with open(sys.argv[1]) as file:
    frames = re.findall(r'<script type="application/json"[^>]*>\n(.*?)</script>', file.read(), re.S)
assert len(frames) == 1, len(frames)
heap_map = json.loads(frames[0])
told = 0
for chunk in heap_map["chunks"]:
    entries = chunk["block_sites"].split(";")
    assert entries.pop() == ""
    with_objects = [b for b in chunk["blocks"] if b[0] == "used" or (b[0] == "slab" and b[5] > 0)]
    assert len(entries) == len(with_objects), chunk["address"]
    for entry in entries:
        if entry == "-":
            continue
        site, share, youngest, oldest = map(int, entry.split(","))
        assert site < len(heap_map["sites"]["list"]) and 0 <= share <= 100 and youngest <= oldest, entry
        told += 1
assert told > 100, told
