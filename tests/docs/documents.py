# SPDX-License-Identifier: MIT
"""Compares what the documents show with what is there.

usage: documents.py check|update FOLDER DOCUMENT...

FOLDER has the programs of docs/examples, built; MA_SRCDIR, MA_BUILDDIR and MA_WITHOUT (below) say about what.

In a DOCUMENT, a fenced block is
  ```c                a part of a program in docs/examples, line by line
  ```console          commands ("$ ...") and what they print, standard error included
  ```console sample   the same, but numbers and the folders of files may differ from run to run, and a line "..." stands
                      for any lines, as do rows of a heap map
  ```sh               commands that are not run here; the shell must understand them
A word more on a console's first line says what the commands need, such as "preload"; if MA_WITHOUT has it, they
are not run. Where parts are numbered, each has a picture, a console, and an answer to each exercise. Links and
pictures must lead to files of the repository, and to headings where they name one.

check prints the faults; update writes what the commands print into the documents.
"""
import difflib
import os
import re
import subprocess
import sys

SOURCES = os.environ["MA_SRCDIR"]
WITHOUT = set(os.environ.get("MA_WITHOUT", "").split())
FENCE = re.compile(r"^( *)```\s*(.*)$")


def blocks(lines):
    """Yields (info, first line, line behind the last, margin) of each fenced block."""
    start = None
    for i, line in enumerate(lines):
        fence = FENCE.match(line)
        if fence and start is None:
            start, info, margin = i + 1, fence.group(2), fence.group(1)
        elif fence:
            yield info, start, i, margin
            start = None


def commands(lines):
    """Splits a console into [command, lines shown]."""
    found = []
    for line in lines:
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif found and found[-1][0].endswith("\\"):
            found[-1][0] += "\n" + line
        elif found:
            found[-1][1].append(line)
    return found


def run(command, folder):
    done = subprocess.run(["sh", "-c", command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False)
    lines = done.stdout.decode(errors="replace").rstrip("\n").split("\n")
    return [line.rstrip() for line in lines if line and not re.match(r"(.*: )?Aborted\b", line)]


def vary(line):
    line = re.sub(r"(?<!\S)(?:[\w.+-]*/)+(?=[\w.])", "", line)  # of a file, only its name
    line = re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{8,16}\b|[-+]?\d[\d.]*", "N", line)
    line = re.sub(r"\b(block|chunk|heap|object|slab|slot)s\b", r"\1", re.sub(r"\b([KMG]i)?B\b", "B", line))
    return re.sub(r"\s+", " ", line).strip()


def alike(shown, printed):
    """Compares samples: numbers vary, and "..." and rows of a heap map stand for any lines."""
    pattern = ""
    for line in shown:
        if not re.fullmatch(r"\.\.\.|  [#.:+_0-9]{16,}", line):
            pattern += re.escape(vary(line)) + r"\n"
        elif not pattern.endswith("*?"):
            pattern += r"(.*\n)*?"
    return re.fullmatch(pattern, "".join(vary(line) + "\n" for line in printed)) is not None


def check_console(where, info, lines, folder, faults):
    words = info.split()[1:]
    if WITHOUT.intersection(words):
        return
    for command, shown in commands(lines):
        if command.startswith("cc "):
            continue
        shown = [line.rstrip() for line in shown if line and not re.match(r"(.*: )?Aborted\b", line)]
        printed = run(command, folder)
        if "sample" in words and alike(shown, printed):
            continue
        if shown != printed:
            faults.append(f"{where}: `{command}` prints something else than is shown (make update-documents):")
            faults += difflib.unified_diff(shown, printed, "shown", "printed", lineterm="", n=1)


def update_console(info, lines, folder):
    """Returns the console with what its commands print now; samples with "..." stay as they are."""
    if "..." in (line.strip() for line in lines) or WITHOUT.intersection(info.split()):
        return lines
    updated = []
    for command, shown in commands(lines):
        aborted = [line for line in shown if re.match(r"(.*: )?Aborted\b", line)]
        updated += ("$ " + command).split("\n")
        updated += shown if command.startswith("cc ") else run(command, folder) + aborted
    return updated


def programs():
    folder = os.path.join(SOURCES, "docs/examples")
    return {name: open(os.path.join(folder, name), encoding="utf-8").read()
            for name in sorted(os.listdir(folder)) if name.endswith((".c", ".cc"))}


def check_links(where, text, folder, faults):
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = os.path.join(folder, path) if path else None
        if file and not os.path.exists(file):
            faults.append(f"{where}: {target} is not there")
        elif anchor and anchor not in headings(open(file, encoding="utf-8").read() if file else text):
            faults.append(f"{where}: {target} names no heading")


def check_parts(where, text, faults):
    """In an article, whose parts are numbered, each part has a picture, a program that is run, and exercises with answers."""
    for part in re.split(r"^## (?=\d)", text, flags=re.M)[1:]:
        title, part = re.split(r"\n", re.split(r"^## ", part, flags=re.M)[0], maxsplit=1)
        for sign, what in (("![", "picture"), ("```console", "program that is run"), ("**Exercise.**", "exercise")):
            if sign not in part:
                faults.append(f"{where}: part '{title}' has no {what}")
        if part.count("**Exercise.**") != part.count("<details><summary>Answer</summary>"):
            faults.append(f"{where}: part '{title}' has an exercise without an answer")


def headings(text):
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
            for title in re.findall(r"^#+ (.*)$", prose, flags=re.M)}


def main():
    action, folder, documents = sys.argv[1], sys.argv[2], sys.argv[3:]
    source, faults = programs(), []
    for document in documents:
        with open(document, encoding="utf-8") as file:
            text = file.read()
        lines = text.split("\n")
        name = os.path.relpath(document, SOURCES)
        for info, start, end, margin in reversed(list(blocks(lines))):
            where, part = f"{name}:{start}", [line[len(margin):] for line in lines[start:end]]
            kind = info.split()[0] if info else ""
            if kind == "console" and action == "update":
                lines[start:end] = [margin + line for line in update_console(info, part, folder)]
            elif action == "update":
                continue
            elif kind == "console":
                check_console(where, info, part, folder, faults)
            elif kind in ("c", "cpp") and not any("\n".join(part) + "\n" in code for code in source.values()):
                faults.append(f"{where}: this is no part of a program in docs/examples")
            elif kind == "sh" and subprocess.run(["sh", "-n"], input="\n".join(part), text=True, check=False,
                                                 stderr=subprocess.DEVNULL).returncode:
                faults.append(f"{where}: the shell does not understand this")
        if action == "update":
            with open(document, "w", encoding="utf-8") as file:
                file.write("\n".join(lines))
        else:
            check_links(name, text, os.path.dirname(document), faults)
            check_parts(name, text, faults)
    for fault in faults:
        print(fault)


main()
