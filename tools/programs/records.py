# SPDX-License-Identifier: MIT
"""records.py - reads a JSON file several times, regroups it, and writes it again."""

import json
import sys
import zlib


def main(path, times):
    for i in range(times):
        with open(path, encoding="utf-8") as file:
            records = json.load(file)
        by_tag = {}
        for record in records:
            for tag in record["tags"]:
                by_tag.setdefault(tag, []).append({"id": record["id"], "at": record["place"]})
        text = json.dumps(by_tag, sort_keys=True, indent=i)
        print(len(records), len(by_tag), len(text), zlib.crc32(text.encode()))


main(sys.argv[1], int(sys.argv[2]))
