# SPDX-License-Identifier: MIT
"""Draws the pictures of the documents, as SVG, from the data beside this file.

usage: draw.py FOLDER

The same data give the same bytes. data/ was recorded by record.sh from real programs, heaps and kernels; what is
drawn from no data is a sketch, and its caption says so. Every picture carries its own background and colours for
light and dark, so that it can be read on any page.
"""
import csv
import math
import os
import re
import sys
from html import escape

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")

#            class     light                dark
COLOURS = [("ground", "#ffffff", "#14181f"), ("panel", "#f2f4f7", "#1f2530"), ("ink", "#1b2430", "#e6eaf0"),
           ("soft", "#566273", "#a3aebd"), ("rule", "#aab4c0", "#4b5667"),
           ("used", "#2f6fb5", "#5b9be0"), ("free", "#dfe6ee", "#333d4c"), ("slab", "#d98a1c", "#f0ad4a"),
           ("good", "#2c8a57", "#55c088"), ("bad", "#c23b3b", "#ef7070"), ("odd", "#7a55b3", "#b08ee6"),
           ("onink", "#ffffff", "#10151c"), ("onslab", "#201400", "#201400")]


def style():
    def rules(index):
        return "".join(f".f-{name}{{fill:{colour[index]}}}.s-{name}{{stroke:{colour[index]}}}"
                       for name, *colour in COLOURS)
    return (f"<style>{rules(0)}text{{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,"
            "sans-serif}.mono{font-family:ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace}"
            f"@media(prefers-color-scheme:dark){{{rules(1)}}}</style>")


def attribute(name, value, wanted):
    return f' {name}="{value}"' if wanted else ""


def stroke_class(stroke):
    return " s-" + stroke if stroke else ""


def mono_class(mono):
    return " mono" if mono else ""


class Picture:
    def __init__(self, width, height, title, description):
        self.width, self.height, self.parts = width, height, []
        self.title, self.description = title, description
        self.text(24, 34, title, size=18, weight=600)

    def rect(self, x, y, width, height, fill, stroke=None, radius=0, opacity=None):
        self.parts.append(f'<rect x="{x:.6g}" y="{y:.6g}" width="{max(width, 0):.6g}" height="{max(height, 0):.6g}" '
                          f'class="f-{fill}{stroke_class(stroke)}"'
                          f'{attribute("rx", radius, radius)}'
                          f'{attribute("fill-opacity", opacity, opacity)}/>')

    def text(self, x, y, text, size=13, fill="ink", anchor="start", weight=None, mono=False):
        self.parts.append(f'<text x="{x:.6g}" y="{y:.6g}" font-size="{size}" class="f-{fill}{mono_class(mono)}"'
                          f'{attribute("text-anchor", anchor, anchor != "start")}'
                          f'{attribute("font-weight", weight, weight)}>{escape(text)}</text>')

    def line(self, x1, y1, x2, y2, stroke="rule", width=1.0, dash=None):
        self.parts.append(f'<path d="M{x1:.6g} {y1:.6g}L{x2:.6g} {y2:.6g}" fill="none" class="s-{stroke}" '
                          f'stroke-width="{width:.6g}"{attribute("stroke-dasharray", dash, dash)}/>')

    def path(self, points, stroke, width=1.5):
        self.parts.append('<path d="M' + "L".join(f"{x:.6g} {y:.6g}" for x, y in points) +
                          f'" fill="none" class="s-{stroke}" stroke-width="{width}" stroke-linejoin="round"/>')

    def dot(self, x, y, radius, fill, opacity=None):
        self.parts.append(f'<circle cx="{x:.6g}" cy="{y:.6g}" r="{radius}" class="f-{fill}"'
                          f'{attribute("fill-opacity", opacity, opacity)}/>')

    def arrow(self, x1, y1, x2, y2, stroke="ink", bend=0.0, width=1.5, dash=None):
        """A line, or with `bend` a curve that far aside, with a head."""
        dx, dy = x2 - x1, y2 - y1
        length = math.hypot(dx, dy)
        cx, cy = (x1 + x2) / 2 - dy / length * bend, (y1 + y2) / 2 + dx / length * bend
        angle = math.atan2(y2 - cy, x2 - cx)
        self.parts.append(f'<path d="M{x1:.6g} {y1:.6g}Q{cx:.6g} {cy:.6g} {x2 - 5 * math.cos(angle):.6g} '
                          f'{y2 - 5 * math.sin(angle):.6g}" fill="none" class="s-{stroke}" stroke-width="{width}"'
                          f'{attribute("stroke-dasharray", dash, dash)}/>')
        a, b = angle + 2.7, angle - 2.7
        self.parts.append(f'<path d="M{x2:.6g} {y2:.6g}L{x2 + 9 * math.cos(a):.6g} {y2 + 9 * math.sin(a):.6g}'
                          f'L{x2 + 9 * math.cos(b):.6g} {y2 + 9 * math.sin(b):.6g}Z" class="f-{stroke}"/>')

    def box(self, x, y, width, height, label, fill="free", size=13, ink=None, mono=False, stroke="rule"):
        self.rect(x, y, width, height, fill, stroke, 3)
        ink = ink or ("onslab" if fill == "slab" else "onink" if fill in ("used", "good", "bad", "odd") else "ink")
        lines = label.split("\n")
        for i, line in enumerate(lines):
            self.text(x + width / 2, y + height / 2 + size * (0.35 + 1.25 * (i - (len(lines) - 1) / 2)), line, size,
                      ink, "middle", mono=mono)

    def legend(self, x, y, entries):
        for fill, label in entries:
            self.rect(x, y - 10, 12, 12, fill, "rule", 2)
            self.text(x + 18, y, label, 12, "soft")
            x += 34 + 6.4 * len(label)

    def svg(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
                f'width="{self.width}" height="{self.height}" role="img" aria-labelledby="t d">\n'
                "<!-- SPDX-License-Identifier: MIT. Made by draw.py: do not edit. -->\n"
                f'<title id="t">{escape(self.title)}</title>\n<desc id="d">{escape(self.description)}</desc>\n{style()}\n'
                f'<rect width="{self.width}" height="{self.height}" class="f-ground s-rule" rx="8"/>\n'
                + "\n".join(self.parts) + "\n</svg>\n")


def lines(name):
    with open(os.path.join(DATA, name), encoding="utf-8") as file:
        return file.read().rstrip("\n").split("\n")


def numbers(line):
    return [float(number) for number in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", line)]


def bars(picture, x, y, width, rows, scale, unit, height=20, gap=10, label_width=190):
    """Horizontal bars: rows of (label, value, fill)."""
    for label, value, fill in rows:
        picture.text(x + label_width - 10, y + height * 0.7, label, 12.5, anchor="end")
        picture.rect(x + label_width, y, (width - label_width) * value / scale, height, fill, radius=2)
        picture.text(x + label_width + (width - label_width) * value / scale + 6, y + height * 0.7,
                     f"{value:g} {unit}", 12, "soft")
        y += height + gap
    return y


# Dynamic memory allocation in C

def lifetimes():
    p = Picture(760, 250, "Three lifetimes", "Bars over time: static for the whole program, automatic within calls, "
                "allocated from malloc to free")
    p.text(24, 56, "A sketch. Time runs to the right.", 12, "soft")
    rows = [("static", [(0, 1, "good")]), ("automatic", [(0.08, 0.25, "used"), (0.33, 0.52, "used"), (0.7, 0.83, "used")]),
            ("allocated", [(0.15, 0.78, "slab"), (0.4, 0.62, "slab")])]
    y = 84
    for name, spans in rows:
        p.text(24, y + 17, name, 14)
        for i, (start, end, fill) in enumerate(spans):
            p.rect(120 + 600 * start, y + (18 if name == "allocated" and i else 0), 600 * (end - start),
                   26 if name != "allocated" else 15, fill, radius=3)
        y += 48
    p.text(120 + 600 * 0.15, 218, "malloc", 12, "soft", "middle")
    p.text(120 + 600 * 0.78, 218, "free", 12, "soft", "middle")
    p.line(120, 230, 720, 230, "rule")
    p.text(120, 245, "main begins", 11, "soft")
    p.text(720, 245, "the program ends", 11, "soft", "end")
    return p


def two_sources():
    grown = [numbers(line)[-1] for line in lines("two-sources.txt")]
    p = Picture(760, 300, "Two sources", "The break moves up for small objects; a large one has a mapping of its own, far above")
    p.text(24, 56, "Recorded from docs/examples/two_sources. Not to scale.", 12, "soft")
    steps = ["before", "100 bytes", "100 times 100 bytes", "3 MiB"]
    for i, name in enumerate(steps):
        x = 40 + 180 * i
        p.text(x + 60, 84, name, 13, anchor="middle", weight=600)
        p.rect(x, 96, 120, 176, "panel", "rule", 3)
        p.box(x, 236, 120, 36, "code, data", "free", 12)
        if i:
            p.box(x, 196, 120, 40, "the heap", "used", 12)
        p.line(x - 12, 196 if i else 236, x + 132, 196 if i else 236, "bad", 2)
        p.text(x + 60, 190 if i else 230, "the break", 11, "bad", "middle")
        if i == 3:
            p.box(x, 110, 120, 34, "a mapping", "slab", 12)
        p.text(x + 60, 290, f"+{grown[i - 1]:g} KiB" if i else "", 12, "soft", "middle")
    return p


def prices():
    rows = {}
    for what, ns in csv.reader(lines("prices.csv"), delimiter=";"):
        rows.setdefault(what, []).append(float(ns))
    p = Picture(820, 330, "What 4 KiB cost, by the way they are got", "Nanoseconds for 4 KiB of which a byte is written, in six ways, fifteen runs each")
    p.text(24, 56, "docs/examples/prices, 15 runs, on a virtual machine that was busy with other work. The bar is the best run.", 12, "soft")

    def place(ns):
        return 230 + 560 * math.log10(ns / 10) / 4

    for tick, label in ((10, "10 ns"), (100, "100 ns"), (1000, "1 µs"), (10000, "10 µs"), (100000, "100 µs")):
        p.line(place(tick), 74, place(tick), 296, "rule", 0.6)
        p.text(place(tick), 314, label, 11, "soft", "middle")
    for i, (what, found) in enumerate(rows.items()):
        y, fill = 94 + 36 * i, "used" if i == 0 else "good" if i > 3 else "bad"
        p.text(24, y + 4, what, 12.5)
        p.line(place(min(found)), y - 10, place(min(found)), y + 10, fill, 3)
        for ns in found:
            p.dot(place(ns), y, 4, fill, 0.55)
    return p


def toy():
    rows = lines("toy.txt")
    p = Picture(760, 74 + 34 * len(rows), "A heap of 256 bytes", "The heap of the toy allocator after each step")
    p.text(24, 56, "What docs/examples/toy prints, drawn: a square is a header, used blocks are blue, free ones grey.", 12, "soft")
    for i, row in enumerate(rows):
        heap, what = row.split("  ", 1)
        x, y = 24, 70 + 34 * i
        for block in re.findall(r"\[[#.]*", heap):
            width = 20 * len(block)
            p.rect(x, y, width, 22, "used" if "#" in block else "free", "ground", 2)
            p.rect(x, y, 20, 22, "ink", "ground", 2)
            x += width
        p.text(360, y + 15, what, 13)
    return p


def blocks():
    rows = lines("blocks.txt")
    p = Picture(760, 78 + 58 * len(rows), "Split and coalesce, in a real heap", "Blocks of libma's heap after each step, to scale")
    p.text(24, 56, "What docs/examples/blocks prints, to scale: payloads in bytes; the headers of 16 bytes are too thin to see.", 12, "soft")
    names = iter("abcd")
    for i, row in enumerate(rows):
        what = row.rsplit("]", 1)[1].strip()
        x, y = 24.0, 92 + 58 * i
        p.text(24, y - 6, what, 12.5)
        for kind, size in re.findall(r"\[(\w+) (\d+)\]", row):
            width = int(size) * 712 / 100100
            p.box(x, y, width - 1, 28, size, "used" if kind == "used" else "free", 12)
            x += width
    return p


def header():
    found = [re.match(r"(\w): +(\d+) units.*neighbour +(\d+), \"(\w+)\", check (\w+)", line) for line in lines("header.txt")]
    a, b = found[0].groups(), found[1].groups()
    p = Picture(760, 270, "Sixteen bytes before a block", "The four words of a real block header, and what they point to")
    p.text(24, 56, "The header of block b, as docs/examples/header found it.", 12, "soft")
    for i, (label, value) in enumerate((("units", b[1]), ("left_units", b[2]), ("state", f'"{b[3]}"'), ("check", b[4]))):
        p.box(250 + 65 * i, 118, 65, 50, f"{label}\n{value}", "slab", 12, mono=False)
        p.text(250 + 65 * i, 112, str(4 * i), 11, "soft")
    p.box(60, 118, 190, 50, f"a: {int(a[1]) * 16 - 16} bytes", "used")
    p.rect(24, 118, 36, 50, "slab", "rule", 3)
    p.box(510, 118, 160, 50, f"b: {int(b[1]) * 16 - 16} bytes", "used")
    p.rect(670, 118, 36, 50, "slab", "rule", 3)
    p.arrow(285, 172, 672, 172, "good", 70)
    p.text(480, 232, f"the right neighbour: {b[1]} units of 16 bytes on", 12.5, "good", "middle")
    p.arrow(345, 114, 26, 114, "odd", 60)
    p.text(100, 80, f"the left neighbour: {b[2]} units back", 12.5, "odd")
    p.text(24, 258, "check: a keyed hash over the other three and the address. A stray write here does not go unseen.", 12, "soft")
    return p


def fits():
    traces, rows = [], {}
    for line in lines("fits.txt"):
        if line.startswith("trace "):
            traces.append(line[6:])
        else:
            rows[traces[-1], line[:10].strip()] = numbers(line[10:])
    kinds = [("best fit", "good"), ("first fit", "used"), ("next fit", "odd"), ("worst fit", "bad"), ("libma", "slab")]
    p = Picture(860, 560, "Fits, and what each costs", "For seven traces and four fits: memory taken over memory in use, "
                "and free blocks looked at for an allocation")
    p.text(24, 56, "Four traces of real programs, three made ones; replayed by docs/examples/fits. Lower is better.", 12, "soft")
    p.legend(24, 82, [(fill, name) for name, fill in kinds])

    def panel(top, height, title, ticks, place):
        p.text(24, top - 10, title, 13, weight=600)
        for tick, label in ticks:
            y = top + height - height * place(tick)
            p.line(70, y, 836, y, "rule", 0.6)
            p.text(62, y + 4, label, 11, "soft", "end")

    def memory(value):
        return math.log(value) / math.log(4)

    def looks(value):
        return max(0, math.log10(max(value, 1))) / 3.2

    panel(120, 170, "Heap size, as a multiple of what is in use at most", [(1, "1"), (1.25, "1.25"), (1.5, "1.5"), (2, "2"), (3, "3"), (4, "4")], memory)
    panel(340, 170, "Free blocks looked at for each allocation (a list, searched from its start)", [(1, "1"), (10, "10"), (100, "100"), (1000, "1000")], looks)
    for i, trace in enumerate(traces):
        x = 84 + 108 * i
        for j, (kind, fill) in enumerate(kinds):
            ratio, looked = rows[trace, kind][2], rows[trace, kind][3:]
            height = 170 * memory(ratio)
            p.rect(x + 17 * j, 290 - height, 14, height, fill, radius=1)
            if looked:
                height = max(1.5, 170 * looks(looked[0]))
                p.rect(x + 17 * j, 510 - height, 14, height, fill, radius=1)
        p.text(x + 41, 532, trace, 12.5, anchor="middle")
    p.text(24, 552, "Left to right: perl, gcc's compiler proper, jq, sqlite3; then random, phases and queue.", 11.5, "soft")
    return p


def fit_times():
    kinds = [("worst fit", "bad"), ("best fit", "good"), ("first fit", "used"), ("next fit", "odd"), ("libma", "slab")]
    found = {}
    for kind, ns, free in csv.reader(lines("fit-times.csv"), delimiter=";"):
        found.setdefault(kind, []).append((int(free), float(ns)))
    p = Picture(820, 470, "What a search costs", "Nanoseconds for a free and a malloc against the number of free blocks, "
                "for four fits on a list and for libma")
    p.text(24, 56, "docs/examples/fit_times, 9 runs of each on a busy virtual machine; the lines join the best. Both axes are logarithmic.",
           12, "soft")

    def place(free, ns):
        return 84 + 630 * math.log(free / 12) / math.log(2400 / 12), 410 - 320 * math.log10(ns / 25) / 3.3

    for ns, label in ((100, "100 ns"), (1000, "1 µs"), (10000, "10 µs")):
        y = place(12, ns)[1]
        p.line(84, y, 714, y, "rule", 0.6)
        p.text(76, y + 4, label, 11, "soft", "end")
    for free in (16, 32, 64, 128, 256, 512, 1024, 2048):
        p.text(place(free, 25)[0], 430, str(free), 11, "soft", "middle")
    p.text(400, 454, "free blocks", 12, "soft", "middle")
    p.text(24, 82, "one free and one malloc", 12, "soft")
    for kind, fill in kinds:
        for free, ns in found[kind]:
            p.dot(*place(free, ns), 3, fill, 0.45)
        # record.sh makes nine runs for each number of objects.
        runs = [found[kind][i:i + 9] for i in range(0, len(found[kind]), 9)]
        best = [(sorted(free for free, _ in nine)[4], min(ns for _, ns in nine)) for nine in runs]
        p.path([place(*run) for run in best], fill, 2)
        x, y = place(*best[-1])
        p.text(x + 10, y + {"worst fit": -3, "best fit": 12, "first fit": 10}.get(kind, 4), kind, 13, fill, weight=600)
    return p


def waste():
    rows = [(int(a), int(b)) for a, b in csv.reader(lines("waste.csv"))]
    p = Picture(800, 340, "Size classes, and what they waste", "Wasted share of an allocation for every size from 1 to 9216 bytes")
    p.text(24, 56, "Every size from 1 to 9216 bytes, as ma_good_size() tells it. The axis of sizes is logarithmic.", 12, "soft")

    def place(size, share):
        return 70 + 700 * math.log2(size) / math.log2(9216), 290 - 210 * share

    for share in (0, 0.125, 0.25, 0.5, 0.75, 1):
        p.line(70, place(1, share)[1], 770, place(1, share)[1], "rule", 0.6)
        p.text(62, place(1, share)[1] + 4, f"{share * 100:g} %", 11, "soft", "end")
    for size in (1, 16, 64, 256, 1024, 4096, 8192):
        p.text(place(size, 0)[0], 308, str(size), 11, "soft", "middle")
    points = [place(size, (usable - size) / usable) for size, usable in rows]
    p.path([point for i, point in enumerate(points) if i < 300 or i % 8 == 0 or rows[i][0] == rows[i][1] or
            i + 1 < len(rows) and rows[i + 1][1] != rows[i][1] or rows[i - 1][1] != rows[i][1]], "used", 1.3)
    p.text(420, 328, "bytes asked for", 12, "soft", "middle")
    p.text(300, 104, "up to 512: steps of 16 bytes", 12, "ink")
    p.text(470, 206, "above: the steps grow with the size,", 12, "ink")
    p.text(470, 222, "at most a sixteenth is wasted", 12, "ink")
    return p


def walked():
    """What lies in the heap's chunks, as if they lay one behind the other; and how many there are."""
    places, base, before, chunks = [], 0, 0, 1
    for row in csv.DictReader(lines("walk.txt")):
        offset, size = int(row["offset"]), int(row["size"])
        if offset < before:
            base, chunks = places[-1][1] + places[-1][2] + 16 - offset, chunks + 1
        places.append((row["kind"], base + offset, size, int(row["slot_size"])))
        before = offset
    return places, chunks


def heap():
    """All chunks: rows of cells, each 512 bytes."""
    places, chunks = walked()
    last = [i for i, place in enumerate(places) if place[0] != "free block"][-1]
    end = places[last][1] + places[last][2]
    start = places[0][1] - 16
    cell, columns = 512, 112
    colour = {"free block": "free", "block": "used", "slab": "panel", "free slot": "free", "slot": "slab"}
    count = (end - start) // cell + 1
    p = Picture(800, 104 + 9 * (count // columns + 1), "A heap, seen from above",
                "Every byte of a real heap of libma, row by row")
    p.text(24, 56, f"{(end - start) // 1024} KiB of a real heap, in {chunks} chunk{'s' * (chunks > 1)}, as ma_walk() saw it in "
           f"docs/examples/walk; a row is {cell * columns // 1024} KiB.", 12, "soft")
    p.legend(24, 82, [("used", "block in use"), ("slab", "slot in use"), ("free", "free"), ("panel", "slab, not carved yet")])

    def fill(offset, size, kind):
        position = offset - start
        while size > 0:
            row, column = divmod(position, cell * columns)
            part = min(size, cell * columns - column)
            p.rect(24 + 752 * column / (cell * columns), 94 + 9 * row, 752 * part / (cell * columns), 8, kind)
            position, size = position + part, size - part

    # Runs of the same kind are one rectangle.
    run = None
    for kind, offset, size, _ in places[:last + 1]:
        if kind == "slab":
            fill(offset - 16, size + 16, "panel")
            continue
        if run and run[2] == colour[kind] and run[0] + run[1] >= offset - 16:
            run[1] = offset + size - run[0]
        else:
            if run:
                fill(*run)
            run = [offset, size, colour[kind]]
    fill(*run)
    return p


def slab():
    places, _ = walked()
    chosen = None
    for i, (kind, _, _, slot_size) in enumerate(places):
        if kind == "slab" and slot_size == 48:
            slots = []
            while i + 1 + len(slots) < len(places) and places[i + 1 + len(slots)][0] in ("slot", "free slot"):
                slots.append(places[i + 1 + len(slots)][0])
            share = slots.count("slot") / max(1, len(slots))
            if chosen is None or abs(share - 0.6) < abs(chosen[1] - 0.6):
                chosen = slots, share, places[i][2]
    slots, _, size = chosen
    p = Picture(800, 356, "A slab", "Every slot of one slab of a real heap, used or free, and how the free ones are linked")
    used = slots.count("slot")
    p.text(24, 56, f"A slab of slots of 48 bytes in the heap of docs/examples/walk: {used} in use, {len(slots) - used} free, "
           f"of {size // 48} that fit.", 12, "soft")
    for i, kind in enumerate(slots):
        p.rect(24 + 19.8 * (i % 38), 72 + 17 * (i // 38), 18.5, 14, "slab" if kind == "slot" else "free", "rule", 2)
    y = 72 + 17 * (len(slots) // 38 + 1) + 24
    p.text(24, y, "The first row again, larger. Free slots are a list: each holds the offset of the next. (The order is a sketch.)", 12, "soft")
    shown = slots[:12]
    free = [i for i, kind in enumerate(shown) if kind == "free slot"]
    for i, kind in enumerate(shown):
        p.box(24 + 62.6 * i, y + 44, 59, 36, "in use" if kind == "slot" else "next", "slab" if kind == "slot" else "free", 11)
    for one, other in zip(free, free[1:]):
        p.arrow(24 + 62.6 * one + 30, y + 82, 24 + 62.6 * other + 30, y + 82, "good", 26)
    if free:
        p.text(24 + 62.6 * free[0] + 30, y + 22, "ready", 12, "good", "middle")
        p.arrow(24 + 62.6 * free[0] + 30, y + 26, 24 + 62.6 * free[0] + 30, y + 43, "good")
    return p


def pinned():
    steps = ["at the start", "80 MB in use", "all but one free", "the last one, too"]
    ours = [numbers(re.sub(r"^.{34}", "", line))[0] for line in lines("pinned.txt")]
    theirs = [numbers(re.sub(r"^.{34}", "", line))[0] for line in lines("pinned-glibc.txt")]
    p = Picture(760, 300, "One block pins the top", "Resident memory at four steps, on libma and on the GNU C library's malloc")
    p.text(24, 56, "Resident memory of docs/examples/pinned, on two allocators, as recorded.", 12, "soft")
    p.legend(24, 80, [("used", "libma"), ("bad", "the GNU C library's malloc, version 2.36")])
    y = 98.0
    for step, one, other in zip(steps, ours, theirs):
        y = bars(p, 24, y, 660, [(step, one, "used")], 80, "MiB", 18, 2, 150)
        y = bars(p, 24, y, 660, [("", other, "bad")], 80, "MiB", 18, 12, 150)
    return p


def holes():
    rows = lines("holes.txt")
    p = Picture(760, 84 + 58 * len(rows), "Free, and useless", "Blocks of libma's heap: in use, and every other one free")
    p.text(24, 56, "What docs/examples/holes prints, drawn: blocks in use are blue, free ones grey, and all are to scale.", 12, "soft")
    for i, row in enumerate(rows):
        x, y = 24, 94 + 58 * i
        p.text(24, y - 6, row[40:].strip(), 12.5)
        for run in re.findall(r"##|\.+", row[:40]):
            width = 712 * len(run) / 40
            p.rect(x, y, width - 1, 26, "used" if "#" in run else "free", "rule", 2)
            x += width
        if not row[:40].strip():
            p.rect(24, y, 712 * 4 / 40 - 1, 26, "slab", "rule", 2)
            p.text(106, y + 17, "so much: two holes side by side would do, and there are none", 12, "soft")
    return p


def align():
    p = Picture(760, 230, "1000 bytes, aligned to a page", "By hand most of the block is lost; by asking the front goes back to the heap")
    p.text(24, 56, "To scale: docs/examples/align. The tick marks a page's edge.", 12, "soft")
    scale = 640 / 5120
    p.text(24, 88, "by hand: malloc(1000 + 4095), then move up", 13)
    p.rect(60, 98, 5120 * scale, 28, "free", "rule", 2)
    p.box(60 + 2400 * scale, 98, 1000 * scale, 28, "1000 bytes", "used", 12)
    p.text(60 + 1200 * scale, 117, "lost", 12, "soft", "middle")
    p.text(60 + 4200 * scale, 117, "lost", 12, "soft", "middle")
    p.text(24, 164, "by asking: aligned_alloc(4096, 1000)", 13)
    p.box(60 + 2400 * scale, 174, 1008 * scale, 28, "1008 bytes", "used", 12)
    p.box(60, 174, 2400 * scale - 3, 28, "stays free, for others", "panel", 12)
    p.box(60 + 3408 * scale + 3, 174, 1712 * scale - 3, 28, "stays free, for others", "panel", 12)
    p.line(60 + 2400 * scale, 92, 60 + 2400 * scale, 210, "bad", 2)
    return p


def remote():
    p = Picture(800, 330, "Two threads, two heaps", "A thread frees its own memory on a private list, another's through a shared one")
    p.text(24, 56, "A sketch of how libma does it.", 12, "soft")
    for x, name in ((40, "thread 1"), (480, "thread 2")):
        p.rect(x, 80, 280, 236, "panel", "rule", 6)
        p.text(x + 140, 102, name, 14, anchor="middle", weight=600)
        p.text(x + 20, 138, "ready list", 12, "soft")
        for i in range(3):
            p.box(x + 100 + 54 * i, 122, 44, 24, "", "free")
            if i:
                p.arrow(x + 90 + 54 * i, 134, x + 100 + 54 * i, 134, "good", width=1.2)
        p.text(x + 20, 190, "slab", 12, "soft")
        for i in range(6):
            p.box(x + 60 + 34 * i, 174, 32, 24, "", "slab" if i in (0, 1, 3) else "free")
        p.text(x + 20, 254, "remote list", 12, "soft")
        p.box(x + 110, 238, 44, 24, "", "free", stroke="bad")
    p.text(180, 288, "taken whole, by one exchange", 12, "soft", "middle")
    p.arrow(560, 200, 196, 250, "bad", -30, 2)
    p.text(400, 224, "free: one atomic push", 12.5, "bad", "middle")
    p.arrow(150, 238, 122, 148, "good", 24, 1.5)
    p.text(620, 290, "no lock, no atomic instruction", 12, "soft", "middle")
    p.text(620, 306, "for what is its own", 12, "soft", "middle")
    return p


def growth():
    p = Picture(800, 330, "realloc of a large object: pages move, bytes do not", "mremap writes new page-table entries for the same frames")
    p.text(24, 56, "A sketch: addresses on the left of each panel, frames of memory on the right.", 12, "soft")
    for x, name, at in ((24, "before", 220), (412, "after mremap", 96)):
        p.text(x + 182, 84, name, 14, anchor="middle", weight=600)
        for i in range(7):
            p.rect(x + 20, 96 + 31 * i, 130, 28, "panel", "rule", 2)
        for i in range(3):
            p.box(x + 250, 96 + 62 * i + 20, 96, 40, f"frame {(7, 2, 9)[i]}", "used", 12)
        for i in range(3):
            y = at + 31 * i if x > 100 else 220 + 31 * i
            p.box(x + 20, y, 130, 28, f"page {i}", "slab", 12)
            p.arrow(x + 150, y + 14, x + 249, 96 + 62 * i + 40, "good")
        if x > 100:
            for i in range(3, 7):
                p.box(x + 20, 96 + 31 * i, 130, 28, f"page {i}: no frame yet", "free", 11)
    return p


def zero():
    rows = [(name, numbers(line.split(":")[1])[0], fill) for name, line, fill in
            zip(("calloc(64 MiB)", "16 bytes of it read", "malloc and memset"), lines("zero.txt"), ("good", "good", "bad"))]
    p = Picture(760, 190, "Zeros that cost nothing", "Resident memory after calloc, after reading, and after malloc with memset")
    p.text(24, 56, "Resident memory, recorded from docs/examples/zero.", 12, "soft")
    bars(p, 24, 76, 640, rows, 65, "MiB")
    return p


def faults():
    p = Picture(820, 330, "Four mistakes", "Which bytes a double free, an overflow, a use after free and a leak touch")
    p.text(24, 56, "A sketch: headers amber, the program's objects blue, free memory grey, the mistake red.", 12, "soft")
    panels = (("double free", "a free slot carries\na mark that it is free"),
              ("overflow", "past the end lies the\nnext block's header"),
              ("use after free", "in a free slot lies the link\nto the next free one"),
              ("leak", "in use, and nobody has\na pointer to it"))
    for i, (name, what) in enumerate(panels):
        x = 24 + 196 * i
        p.rect(x, 76, 184, 236, "panel", "rule", 6)
        p.text(x + 92, 102, name, 15, anchor="middle", weight=600)
        y = 170
        if i == 0:
            p.box(x + 20, y, 46, 36, "", "used")
            p.box(x + 68, y, 46, 36, "free", "free", 12, stroke="bad")
            p.box(x + 116, y, 46, 36, "", "used")
            p.arrow(x + 80, 130, x + 86, 168, "rule")
            p.arrow(x + 108, 130, x + 98, 168, "bad", width=2)
            p.text(x + 70, 126, "1st", 11, "soft", "middle")
            p.text(x + 114, 126, "2nd", 11, "bad", "middle")
        elif i == 1:
            p.rect(x + 14, y, 14, 36, "slab", "rule")
            p.rect(x + 28, y, 62, 36, "used", "rule")
            p.rect(x + 90, y, 14, 36, "slab", "rule")
            p.rect(x + 104, y, 62, 36, "used", "rule")
            p.rect(x + 90, y, 8, 36, "bad")
            p.arrow(x + 34, y - 12, x + 100, y - 12, "bad", width=2)
        elif i == 2:
            p.box(x + 20, y, 64, 36, "next", "free", 12)
            p.rect(x + 20, y, 18, 36, "bad")
            p.box(x + 100, y, 64, 36, "next", "free", 12)
            p.arrow(x + 84, y + 18, x + 99, y + 18, "good")
            p.arrow(x + 28, 130, x + 28, y - 2, "bad", width=2)
            p.text(x + 34, 128, "a stale pointer writes", 11, "bad")
        else:
            p.box(x + 20, y, 46, 36, "", "used")
            p.box(x + 68, y, 46, 36, "", "used", stroke="bad")
            p.box(x + 116, y, 46, 36, "", "used")
            p.box(x + 20, 114, 46, 22, "p", "free", 11)
            p.arrow(x + 42, 137, x + 42, 168, "ink")
            p.box(x + 116, 114, 46, 22, "q", "free", 11)
            p.arrow(x + 138, 137, x + 138, 168, "ink")
            p.text(x + 91, 158, "?", 20, "bad", "middle", 600)
        for j, line in enumerate(what.split("\n")):
            p.text(x + 92, 252 + 18 * j, line, 12, "soft", "middle")
    return p


def attack():
    p = Picture(800, 300, "A stale write aims malloc", "A link in a freed slot is overwritten; the second malloc returns the attacker's address")
    p.text(24, 56, "A sketch of docs/examples/attack.", 12, "soft")
    for y, title, hit in ((96, "as it should be", False), (200, "after a write to the freed slot", True)):
        p.text(24, y - 8, title, 13, weight=600)
        p.box(24, y, 70, 40, "ready", "panel", 12)
        p.arrow(94, y + 20, 139, y + 20, "good")
        p.rect(140, y, 120, 40, "free", "rule", 3)
        p.rect(140, y, 40, 40, "bad" if hit else "good", "rule", 3)
        p.text(160, y + 25, "next", 11, "onink", "middle")
        p.text(220, y + 25, "freed slot", 11, "soft", "middle")
        p.rect(340, y, 120, 40, "free", "rule", 3)
        p.rect(340, y, 40, 40, "good", "rule", 3)
        p.text(360, y + 25, "next", 11, "onink", "middle")
        p.text(420, y + 25, "free slot", 11, "soft", "middle")
        if hit:
            p.box(600, y, 170, 40, "session: is_admin", "odd", 12)
            p.arrow(160, y + 42, 680, y + 42, "bad", 50, 2)
            p.text(420, y + 84, "the next malloc but one returns this", 12.5, "bad", "middle")
        else:
            p.arrow(260, y + 20, 339, y + 20, "good")
            p.box(600, y, 170, 40, "session: is_admin", "odd", 12)
    return p


def timing():
    rows = [(who, what, float(ns)) for who, what, ns in csv.reader(lines("timing.csv"))]
    p = Picture(820, 330, "One allocator, three benchmarks", "Nanoseconds per operation in three benchmarks, fifteen runs each on two allocators")
    p.text(24, 56, "docs/examples/timing, 15 runs of each in turns, on a virtual machine that was busy with other work. The bar is the best run.", 12, "soft")
    p.legend(24, 80, [("used", "libma"), ("bad", "the GNU C library's malloc, version 2.36")])

    def place(ns):
        return 150 + 640 * math.log10(ns) / 5.5

    for tick, label in ((1, "1 ns"), (10, "10 ns"), (100, "100 ns"), (1000, "1 µs"), (10000, "10 µs"), (100000, "100 µs")):
        p.line(place(tick), 96, place(tick), 296, "rule", 0.6)
        p.text(place(tick), 314, label, 11, "soft", "middle")
    for i, (what, title) in enumerate((("same", "the same slot,\nover and over"), ("mixed", "100,000 live,\nsizes mixed"),
                                       ("fresh", "4 KiB, new\nmemory"))):
        y = 108 + 66 * i
        for j, line in enumerate(title.split("\n")):
            p.text(24, y + 18 + 16 * j, line, 12.5)
        for j, (who, fill) in enumerate((("libma", "used"), ("glibc", "bad"))):
            found = sorted(ns for one, other, ns in rows if (one, other) == (who, what))
            p.line(place(found[0]), y + 4 + 24 * j, place(found[0]), y + 24 + 24 * j, fill, 3)
            for ns in found:
                p.dot(place(ns), y + 14 + 24 * j, 4, fill, 0.55)
    return p


# The memory layout of a C program

def process_map():
    rows, marks = [], {}
    for line in lines("map.txt"):
        mark = re.match(r" +<- (.*)", line)
        if mark:
            marks.setdefault(len(rows) - 1, []).append(mark.group(1))
        else:
            part = re.match(r" *(\w+) +(\d+) KiB (\S+) ?(.*)", line)
            rows.append((int(part[1], 16), int(part[2]), part[3], part[4] or "(no name)"))
    rows = [(i, *row) for i, row in enumerate(rows)]
    p = Picture(960, 90 + 27 * len(rows) + 22 * 3, "A process, from the bottom up", "Each mapping of a real process: size, rights, name and what lies in it")
    p.text(24, 56, "What docs/examples/map printed, lowest address at the bottom. Bars grow with the logarithm of the size.", 12, "soft")
    p.legend(24, 78, [("good", "read, execute"), ("free", "read"), ("used", "read, write")])
    y = 90.0
    above = None
    for i, start, size, rights, name in reversed(rows):
        if above is not None and above - (start + size * 1024) > 1 << 30:
            gap = (above - (start + size * 1024)) / 2 ** 40
            p.text(190, y + 15, f"· · ·  {gap:,.1f} TiB of nothing  · · ·" if gap < 1000 else "· · ·  16 million TiB that are no addresses  · · ·", 11.5, "soft")
            y += 22
        fill = "good" if "x" in rights else "used" if "w" in rights else "free"
        p.text(160, y + 16, f"{start:x}", 11, "soft", "end", mono=True)
        p.rect(172, y + 2, 14 + 12 * math.log2(size), 20, fill, "rule", 2)
        p.text(372, y + 16, f"{size} KiB", 11.5, "soft", "end")
        p.text(384, y + 16, rights[:3], 11.5, mono=True)
        p.text(424, y + 16, name, 12.5)
        if i in marks:
            p.text(580, y + 16, ", ".join(marks[i]), 12, "odd")
        above = start
        y += 27
    p.height = y + 16
    return p


def segments():
    rows = [re.match(r"(.*?)  +(\S+)  (.*)", line).groups() for line in lines("segments.txt")]
    places = list(dict.fromkeys((where, rights) for _, rights, where in rows))
    sections = {("from a file", "r-x"): ".text", ("from a file", "r--"): ".rodata", ("from a file", "rw-"): ".data, .bss"}
    p = Picture(760, 96 + 34 * len(rows), "What lies where", "Objects of a program, and the mappings that hold them, with their rights")
    p.text(24, 56, "What docs/examples/segments printed: an object, and the kind of mapping that its address is in.", 12, "soft")
    p.legend(24, 78, [("good", "read, execute"), ("free", "read"), ("used", "read, write")])
    height = 34 * len(rows) / len(places)
    for i, (where, rights) in enumerate(places):
        y = 92 + height * i
        section = sections.get((where, rights))
        p.box(440, y, 296, height - 8, f"{rights}  {where}" + (f" ({section})" if section else ""),
              "good" if "x" in rights else "used" if "w" in rights else "free", 13)
    for i, (name, rights, where) in enumerate(rows):
        y = 92 + 34 * i
        p.box(24, y, 210, 26, name, "panel", 12.5)
        p.arrow(236, y + 13, 436, 92 + height * (places.index((where, rights)) + 0.5) - 4, "soft", 0, 1.2)
    return p


def loaded():
    objects = []
    for line in lines("loader.txt"):
        part = re.match(r"  (\S+) +(\d+) bytes from the file, +(\d+) in memory", line)
        if part:
            objects[-1][1].append((part[1], int(part[2]), int(part[3])))
        else:
            objects.append((line, []))
    name, parts = objects[0]
    p = Picture(860, 330, "From the file to memory", "Segments of a program's file and where the loader maps them")
    p.text(24, 56, "The four parts of docs/examples/loader, as it printed them. Sizes in bytes.", 12, "soft")
    p.text(150, 84, "the file", 14, anchor="middle", weight=600)
    p.text(560, 84, "memory: whole pages", 14, anchor="middle", weight=600)
    what = ["tables for the loader", "code", "constants", "variables"]
    for i, (rights, from_file, memory) in enumerate(parts):
        y = 96 + 54 * i
        fill = "good" if "x" in rights else "used" if "w" in rights else "free"
        p.box(50, y, 200, 40, f"{rights}  {from_file}", fill, 13, mono=True)
        p.box(460, y, 200, 40, f"{rights}  {memory}", fill, 13, mono=True)
        p.arrow(252, y + 20, 458, y + 20, "soft")
        p.text(672, y + 25, what[i] if i < 4 else "", 12.5)
        if memory > from_file:
            p.box(460, y + 42, 200, 20, f"{memory - from_file} bytes of zeros", "panel", 12)
    p.text(355, 112, "mmap, private", 11.5, "soft", "middle")
    return p


def stacks():
    rows = lines("stack.txt")
    before, each, after = numbers(rows[0])[0], numbers(rows[1])[1], numbers(rows[2])[0]
    p = Picture(760, 330, "A stack grows when it is touched", "The stack before and after a thousand calls")
    p.text(24, 56, "Figures from docs/examples/stack.", 12, "soft")
    for x, title, size in ((70, "before", before), (300, "1000 calls deep, and after", after)):
        height = 30 if size == before else 170
        p.text(x + 70, 84, title, 13, anchor="middle", weight=600)
        p.rect(x, 96, 140, 200, "panel", "rule", 3)
        p.rect(x, 96, 140, height, "used", "rule", 3)
        p.text(x + 70, 96 + min(height - 8, 20), f"{size:g} KiB", 12, "onink", "middle")
        p.text(x + 70, 290, "not touched yet", 11, "soft", "middle")
        p.arrow(x + 154, 100, x + 154, 100 + height, "ink")
    for i in range(6):
        p.box(540, 100 + 26 * i, 180, 24, ("main", "down(1000)", "down(999)", "…", "down(1)", "")[i], "used" if i < 5 else "panel", 12, mono=True)
    p.text(540, 280, f"each call takes {each:g} bytes,", 12.5)
    p.text(540, 298, "below its caller's", 12.5)
    p.text(24, 318, "high addresses at the top", 11, "soft")
    return p


def aslr():
    rows = [[int(value, 16) for value in row] for row in csv.reader(lines("aslr.csv"))]
    p = Picture(820, 330, "The same program, 300 times", "Where code, heap, mapping and stack lay in 300 runs, as dots")
    p.text(24, 56, "A dot is a run of docs/examples/aslr; from left to right the address, from the lowest to the highest that was seen.", 12, "soft")
    for place, (name, fill) in enumerate((("code", "good"), ("heap", "used"), ("mapping", "odd"), ("stack", "slab"))):
        values = [row[place] for row in rows]
        low, high = min(values), max(values)
        y = 76 + 62 * place
        p.text(24, y + 24, name, 14)
        p.rect(110, y, 680, 40, "panel", "rule", 3)
        for i, value in enumerate(values):
            p.dot(116 + 668 * (value - low) / (high - low), y + 4 + 32 * (i * 37 % 100) / 100, 2, fill, 0.8)
        p.text(110, y + 54, f"{low:#x}", 10.5, "soft", mono=True)
        p.text(450, y + 54, f"{(high - low) / 2 ** 30:,.1f} GiB apart" if high - low > 1 << 30 else "", 11, "soft", "middle")
        p.text(790, y + 54, f"{high:#x}", 10.5, "soft", "end", mono=True)
    return p


def page_tables():
    rows = [(line.split(":")[0], numbers(line)[-1]) for line in lines("page-tables.txt")]
    p = Picture(820, 380, "An address is a path through four tables", "A 48-bit address cut into four indexes and an offset, and the cost of tables")
    p.text(24, 56, "A sketch of x86-64, and below it the figures of docs/examples/page_tables.", 12, "soft")
    parts = [("index 4", "9 bits", "512 GiB"), ("index 3", "9 bits", "1 GiB"), ("index 2", "9 bits", "2 MiB"), ("index 1", "9 bits", "4 KiB"), ("offset", "12 bits", "")]
    for i, (name, width, covers) in enumerate(parts):
        x = 40 + 150 * i
        p.box(x, 78, 140, 32, f"{name}: {width}", "slab" if i < 4 else "free", 12.5)
        if i < 4:
            p.arrow(x + 70, 112, x + 70, 140, "soft")
            p.box(x + 10, 142, 120, 44, f"an entry covers\n{covers}", "used", 12)
            p.arrow(x + 130, 164, x + 158, 164, "good")
        else:
            p.box(x + 10, 142, 120, 44, "the byte, in its\nframe of 4 KiB", "good", 12)
    p.text(24, 226, "256 pages, 1024 KiB of memory; page tables for them:", 13, weight=600)
    bars(p, 24, 240, 720, [(name, value, "bad") for name, value in rows], 2100, "KiB", 20, 9, 120)
    return p


def huge():
    rows = {}
    for line in lines("huge.txt"):
        kind, fault, touch, read = line[:10].strip(), *numbers(line[10:])[:3]
        rows.setdefault(kind, []).append((fault, touch, read))
    p = Picture(820, 300, "64 MiB in small and in huge pages", "Page faults, and milliseconds to touch all and for random reads, fifteen runs each")
    p.text(24, 56, "docs/examples/huge, 15 runs, on a virtual machine that was busy with other work. The bar is the best run.", 12, "soft")
    p.text(24, 96, "page faults", 13, weight=600)
    faults = [rows[kind][0][0] for kind in ("4 KiB", "huge")]
    bars(p, 200, 84, 560, [("4 KiB", faults[0], "bad"), ("huge", faults[1], "good")], max(faults), "", 18, 6, 60)

    def place(ms):
        return 260 + 530 * math.log10(ms) / 3

    for tick, label in ((1, "1 ms"), (10, "10 ms"), (100, "100 ms"), (1000, "1 s")):
        p.line(place(tick), 144, place(tick), 266, "rule", 0.6)
        p.text(place(tick), 284, label, 11, "soft", "middle")
    for i, (index, title) in enumerate(((1, "to touch all of it"), (2, "3 million random reads"))):
        p.text(24, 167 + 60 * i, title, 13, weight=600)
        for j, (kind, fill) in enumerate((("4 KiB", "bad"), ("huge", "good"))):
            y, found = 163 + 60 * i + 24 * j, [row[index] for row in rows[kind]]
            p.text(250, y + 4, kind, 12, anchor="end")
            p.line(place(min(found)), y - 10, place(min(found)), y + 10, fill, 3)
            for ms in found:
                p.dot(place(ms), y, 4, fill, 0.55)
    return p


def overcommit():
    rows = [(line.split(":")[0], numbers(line)) for line in lines("overcommit.txt")[1:]]
    p = Picture(760, 290, "Promised, and given", "Address space and resident memory while a terabyte is mapped")
    p.text(24, 56, "docs/examples/overcommit on a machine of 24 GB. Logarithmic: each rule is ten times the one before.", 12, "soft")
    p.legend(24, 80, [("rule", "address space"), ("used", "resident")])

    def place(mib):
        return 190 + 500 * math.log10(mib) / 6.2

    for power in range(7):
        p.line(place(10 ** power), 92, place(10 ** power), 262, "rule", 0.6)
        p.text(place(10 ** power), 278, ("1 MiB", "10", "100", "1000", "10⁴", "10⁵", "10⁶ MiB")[power], 10.5, "soft", "middle")
    for i, (name, values) in enumerate(rows):
        y = 98 + 33 * i
        values = values[-2:]
        p.text(180, y + 17, name, 12.5, anchor="end")
        p.rect(190, y, max(3, place(values[0]) - 190), 11, "rule", radius=2)
        p.rect(190, y + 12, max(3, place(values[1]) - 190), 11, "used", radius=2)
    return p


def resident():
    rows = [(line[:34].strip(), numbers(line[34:])) for line in lines("resident.txt")]
    p = Picture(800, 300, "Three ways to count", "Resident, proportional and private memory at six steps")
    p.text(24, 56, "docs/examples/resident, in MiB.", 12, "soft")
    p.legend(24, 80, [("rule", "RSS: resident"), ("used", "PSS: shared pages in shares"), ("good", "private: would go with the process")])
    for i, (name, (rss, pss, private)) in enumerate(rows):
        y = 94 + 33 * i
        p.text(250, y + 18, name, 12.5, anchor="end")
        for j, (value, fill) in enumerate(((rss, "rule"), (pss, "used"), (private, "good"))):
            p.rect(260, y + 9 * j, max(2, 460 * value / 65), 8, fill, radius=1)
            p.text(266 + 460 * value / 65, y + 9 * j + 8, f"{value:g}", 9.5, "soft")
    return p


def copy_on_write():
    p = Picture(800, 320, "fork copies tables, not memory", "Parent and child share frames until one writes")
    p.text(24, 56, "A sketch. Below: what the child of docs/examples/cow printed.", 12, "soft")
    for x, title, written in ((24, "after fork", 0), (412, "the child wrote to page 0", 1)):
        p.text(x + 182, 84, title, 14, anchor="middle", weight=600)
        for i in range(3):
            p.box(x, 96 + 42 * i, 90, 32, f"parent {i}", "slab", 12)
            p.box(x + 274, 96 + 42 * i, 90, 32, f"child {i}", "odd", 12)
            p.box(x + 146, 96 + 42 * i, 72, 32, f"frame {i}", "used", 12)
            p.arrow(x + 91, 112 + 42 * i, x + 145, 112 + 42 * i, "soft")
            if not (written and i == 0):
                p.arrow(x + 273, 112 + 42 * i, x + 219, 112 + 42 * i, "soft")
        if written:
            p.box(x + 146, 222, 72, 32, "copy of 0", "bad", 12)
            p.arrow(x + 300, 130, x + 219, 236, "bad", -30, 2)
    texts = [line.replace(" of its own", " private").replace("child: ", "") for line in lines("cow.txt")[1:4]]
    for i, line in enumerate(texts):
        what, figures = re.split(r" {2,}", line, maxsplit=1)
        p.text(24 + 262 * i, 284, what, 12)
        p.text(24 + 262 * i, 301, re.sub(r" +", " ", figures), 12, "soft")
    return p


def thread_local():
    p = Picture(800, 270, "One name, a variable in each thread", "Each thread has a thread pointer; thread-local variables lie at the same distance from it")
    p.text(24, 56, "A sketch of x86-64, where thread-local variables of the program lie just below the thread pointer.", 12, "soft")
    for x, name, value in ((40, "first thread", 2), (440, "second thread", 2)):
        p.text(x + 150, 92, name, 14, anchor="middle", weight=600)
        p.rect(x, 104, 300, 56, "panel", "rule", 4)
        p.box(x + 16, 112, 118, 40, f"own: {value}", "odd")
        p.box(x + 150, 112, 134, 40, "what the C library\nkeeps for a thread", "free", 11)
        p.arrow(x + 142, 200, x + 142, 156, "bad", width=2)
        p.text(x + 142, 216, "thread pointer", 12, "bad", "middle")
    p.box(330, 216, 140, 34, "shared: 3", "good")
    p.text(400, 208, "one for all", 12, "soft", "middle")
    return p


PICTURES = {"lifetimes": lifetimes, "two-sources": two_sources, "prices": prices, "toy": toy, "blocks": blocks, "header": header, "fits": fits,
            "fit-times": fit_times, "waste": waste, "heap": heap, "slab": slab, "holes": holes, "pinned": pinned,
            "align": align, "remote": remote,
            "growth": growth, "zero": zero, "faults": faults, "attack": attack, "timing": timing,
            "process-map": process_map, "segments": segments, "loaded": loaded, "stacks": stacks, "aslr": aslr, "page-tables": page_tables,
            "huge": huge, "overcommit": overcommit, "resident": resident, "copy-on-write": copy_on_write,
            "thread-local": thread_local}


def main():
    folder = sys.argv[1]
    for name, draw in PICTURES.items():
        with open(os.path.join(folder, name + ".svg"), "w", encoding="utf-8") as file:
            file.write(draw().svg())


main()
