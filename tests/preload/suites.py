# SPDX-License-Identifier: MIT
"""Runs a program's own tests twice and compares what came of each: see suites.sh.

usage: suites.py compare PLAIN.xml LIBMA.xml     results of python3 -m test --junit-xml
       suites.py compare PLAIN.tap LIBMA.tap     results of programs that print TAP, one behind the other

Prints a line for each test that went otherwise, as `test: RESULT on libma, RESULT without`, and on standard error how
many there were of each result.
"""

import collections
import re
import sys
import xml.etree.ElementTree


def of_junit(path):
    """{test: result}; the file is one of suites.sh's: documents one behind the other, a module's each."""
    results = {}
    with open(path, encoding="utf-8", errors="replace") as file:
        documents = re.split(r"(?=<\?xml|<testsuites)", file.read())
    for document in documents:
        if not document.startswith("<testsuites"):
            continue
        for case in xml.etree.ElementTree.fromstring(document).iter("testcase"):
            name = re.sub(r" at 0x[0-9a-f]+", "", case.get("name", "?"))
            found = {child.tag for child in case} & {"failure", "error", "skipped"}
            result = sorted(found)[0] if found else case.get("result", "completed")
            # A name that comes again (a test that is run by several classes of one name) keeps the worst.
            results[name] = min(results.get(name, result), result, key=RANK.index) if result in RANK else result
    return results


RANK = ["error", "failure", "skipped", "completed"]


def of_tap(path):
    """{program test: result}. A line `# PROGRAM status N` ends what a program has printed, as suites.sh does."""
    results, seen = {}, []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            test = re.match(r"\s*(not )?ok\b\s*\d*\s*-?\s*([^#\n]*)(#\s*(?:skip|todo)\b)?", line, re.IGNORECASE)
            end = re.match(r"# PROGRAM (\S+) status (\d+)$", line)
            if test:
                result = "skipped" if test[3] else "failure" if test[1] else "completed"
                seen.append((re.sub(r"seed:\d+", "seed", test[2].strip()), result))
            elif end:
                for name, result in seen:
                    results[f"{end[1]} {name}"] = result
                results[end[1]] = {"0": "completed", "77": "skipped"}.get(end[2], f"status {end[2]}")
                seen = []
    return results


def compare(plain, libma):
    for results, name in (plain, "without"), (libma, "on libma"):
        counts = collections.Counter(results.values())
        told = ", ".join(f"{count} {result}" for result, count in sorted(counts.items()))
        print(f"{name}: {len(results)} results: {told}", file=sys.stderr)
    for test in sorted(plain.keys() | libma.keys()):
        one, other = plain.get(test, "not run"), libma.get(test, "not run")
        if one != other:
            print(f"{test}: {other} on libma, {one} without")
    if not plain:
        print("no results")


def main():
    if len(sys.argv) != 4 or sys.argv[1] != "compare":
        sys.exit(__doc__)
    read = of_tap if sys.argv[2].endswith(".tap") else of_junit
    compare(read(sys.argv[2]), read(sys.argv[3]))


main()
