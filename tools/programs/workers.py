# SPDX-License-Identifier: MIT
"""workers.py - the same work by forked processes, and by threads that hand their results on."""

import multiprocessing
import queue
import sys
import threading


def count(lines):
    counts = {}
    for line in lines:
        for word in line.split():
            counts[word] = counts.get(word, 0) + 1
    return counts


def show(title, parts):
    total = {}
    for part in parts:
        for word, number in part.items():
            total[word] = total.get(word, 0) + number
    top = sorted(total.items(), key=lambda item: (-item[1], item[0]))[:10]
    print(title, len(total), sum(total.values()), top)


def by_processes(chunks):
    # The pool forks; its workers get every chunk through a pipe, and allocate and free on their own.
    with multiprocessing.get_context("fork").Pool(2) as pool:
        show("processes", pool.map(count, chunks))


def by_threads(chunks):
    jobs, results = queue.Queue(), queue.Queue()

    def work():
        for chunk in iter(jobs.get, None):
            results.put(count(bytes(" ".join(chunk), "ascii").decode().split(".")))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for chunk in chunks:
        jobs.put(chunk)
    for _ in threads:
        jobs.put(None)
    for thread in threads:
        thread.join()
    show("threads", [results.get() for _ in chunks])


def main(path):
    with open(path, encoding="ascii") as file:
        lines = file.readlines()
    chunks = [lines[i : i + 500] for i in range(0, len(lines), 500)]
    by_processes(chunks)
    by_threads(chunks)


if __name__ == "__main__":
    main(sys.argv[1])
