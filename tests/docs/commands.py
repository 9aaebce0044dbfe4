# SPDX-License-Identifier: MIT
"""Runs the commands that documents tell the reader to type, and prints those that don't work.

usage: commands.py LIST FOLDER DOCUMENT...

LIST names what is not run here, and who runs it; FOLDER is empty, and each document's commands are run there, one after
the other. MA_SRCDIR, and PATH and its like, lead to the sources and to an installed libma.

A command is
  - a line of a block ```sh, and "$ cc ..." in a block ```console, whose other commands are for documents.py;
  - in an indented block, or one without a language, a line that begins with "$ ", NAME=VALUE or a word of STARTS;
  - between single backquotes, what begins like that and is more than the name of a command.
  - in a manual page, a line that begins with "$ " under EXAMPLES; 4711 stands for a process.
A program that a command compiles is the block of C or C++ before it, or a file of docs/examples.

In LIST a line that begins with a word is a command as it is written, or a pattern; below it, after a tab, is
"FILE: TEXT", the file of the repository that runs it, and a text that stands there while it does.
"""
import fnmatch
import os
import re
import shutil
import subprocess
import sys

SOURCES = os.environ["MA_SRCDIR"]
STARTS = re.compile(
    r"\$ |[A-Z_]+=\S* |for |(sudo )?(\./bootstrap|\./configure|\.ci/run|\./?ma|addr2line|apt(-get)?|cat|dmesg|env|gdb|git|"
    r"grep|ldconfig|ma|make|man|packaging/(check-deb|check-tarball|cross|deb)|perf|pkg-config|prlimit|setarch|ulimit|"
    r"wc)( |$)")
COMPILERS = re.compile(r"(cc|c\+\+|gcc|g\+\+|clang) ")
FIGURES = re.compile(r"\d\.\d+ +\d+\.\d+$")  # a row of a table that begins with a program's name
NAME = re.compile(r"\./ma|(ma|perf)( [a-z]+)?|gdb|git")  # inline, the name of a command only


class Document:
    """The commands of a document, in order, each with the programs that were shown before it."""

    def __init__(self, text):
        self.found, self.shown, self.open = [], {}, ""
        prose, language, margin = [], None, ""
        for line in text.split("\n"):
            fence = re.match(r"( *)```\s*(\w*)", line)
            if fence and language is None:
                self.inline(prose)
                language, margin = fence[2], fence[1]
                if language in ("c", "cpp"):
                    self.shown[language] = ""
            elif fence:
                language = None
            elif language is not None:
                self.block(language, line[len(margin):])
            elif re.match(r"    |\t", line):
                self.block("", line.lstrip())
            else:
                prose.append(line)
        self.inline(prose)

    def block(self, language, line):
        if language in ("c", "cpp"):
            self.shown[language] += line + "\n"
        elif language == "console":
            if COMPILERS.match(line[2:]) and line.startswith("$ "):
                self.add(line[2:])
        elif language == "sh" or language == "" and (
                self.open or (STARTS.match(line) or COMPILERS.match(line)) and not FIGURES.search(line)):
            self.add(re.sub(r"^\$ ", "", line))

    def inline(self, prose):
        for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", "\n".join(prose)):
            span = " ".join(span.split())
            if STARTS.match(span) and not NAME.fullmatch(span):
                # What options do is told without the program.
                self.add(span + " true" if re.fullmatch(r"ma run( -\S+)+", span) else span)
        prose.clear()

    def add(self, line):
        line = re.sub(r"\s+#.*", "", self.open + line).rstrip()
        self.open = ""
        if line.endswith("\\") or line.startswith("for ") and not line.endswith("done"):
            self.open = line + "\n"
        elif line:
            self.found.append((line, dict(self.shown)))


class Page(Document):
    """The same of a manual page."""

    def __init__(self, text):
        super().__init__("")
        examples = re.sub(r"(?s).*\n\.SH EXAMPLES|\n\.SH SEE.*", "", text)
        for line in re.findall(r"^\$ (.*)$", examples, flags=re.M):
            self.add(re.sub(r"\\f[A-Z]", "", line).replace("\\-", "-").replace("4711", "PID"))


def listed(name):
    """LIST as [pattern, file, text, used]."""
    entries = []
    with open(name, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if line.startswith("\t"):
                entries[-1][1:3] = line[1:].split(": ", 1)
            elif line and not line.startswith("#"):
                entries.append([line, "", "", False])
    return entries


def place(command, entries):
    for entry in entries:
        if command == entry[0] or "*" in entry[0] and fnmatch.fnmatchcase(command, entry[0]):
            entry[3] = True
            return entry
    return None


def missing_text(entry):
    try:
        with open(os.path.join(SOURCES, entry[1]), encoding="utf-8") as file:
            return entry[2] not in file.read()
    except OSError:
        return True


def can_be_run(command):
    """Some commands need tools, or a kernel, that not every machine has; .ci/run installs the tools."""
    for tool in ("addr2line", "dmesg", "gdb", "less", "man", "perf", "prlimit", "setarch", "valgrind"):
        if re.search(rf"(^|\|\s*|run ){tool} ", command) and not shutil.which(tool):
            return False
    for example in re.findall(r"(?<= )docs/examples/\w+", command):
        if not os.path.exists(os.path.join(os.environ["MA_BUILDDIR"], example)):
            return False
    return "perf " not in command or subprocess.run(["perf", "stat", "true"], check=False,
                                                      capture_output=True).returncode == 0


class Process:
    """A process on libma for a command that looks into one."""

    def __init__(self, command):
        self.process, self.pid = None, 0
        if not re.search(r"\bPID\b", command):
            return
        # It says when it is there. Its parent waits for it: a zombie would still be a process.
        body = "sleep 5" if "--watch" in command else "read line"
        self.process = subprocess.Popen(["sh", "-c", f"ma run sh -c 'echo $$; {body}; :'; :"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = int(self.process.stdout.readline())

    def fill_in(self, command):
        return re.sub(r"\bPID\b", str(self.pid), command) if self.process else command

    def end(self):
        if self.process:
            self.process.communicate()


def fill_in(command):
    """What the reader puts in the place of words that stand for something."""
    command = re.sub(r"^\./ma\b", "ma", re.sub(r"^sudo ", "", command))
    command = command.replace("PROGRAM ARG...", "true")
    command = command.replace("/usr/local/lib/libma/libma-preload.so", os.environ["MA_PRELOADED"])
    # Its output is no terminal here.
    command = command.replace("perf record", "perf record -o perf.data").replace("perf report", "perf report -i perf.data")
    for word, filling in (("PROGRAM", "true"), (r"\./program", "true"), ("=FILE", "=file"), ("FILE OFFSET", "hello 0x1000"),
                          ("vVERSION", "v0")):
        command = re.sub(word + r"\b", filling, command)
    return command


def prepare(folder):
    """What the reader has there: a repository, the examples if they are built, programs, files."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "docs"))
    os.symlink(os.path.join(os.environ["MA_BUILDDIR"], "docs/examples"), os.path.join(folder, "docs/examples"))
    for name in ("hello", "test"):
        shutil.copy("/bin/true", os.path.join(folder, name))
    for name, text in (("Makefile", "all:\n"), ("known.supp", ""), ("script.py", "print(1)\n"), ("words.txt", "b\na\n")):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    for command in ("init -q .", "commit -q --allow-empty -m first"):
        subprocess.run(["git"] + command.split(), cwd=folder, check=False)


def sources(command, shown, folder):
    for word in re.findall(r"\S+\.cc?\b", command):
        name, language = os.path.join(folder, word), "c" if word.endswith(".c") else "cpp"
        example = os.path.join(SOURCES, "docs/examples", os.path.basename(word))
        if os.path.exists(name) or "/" in word:
            continue
        if os.path.exists(example):
            shutil.copy(example, name)
        elif language in shown:
            with open(name, "w", encoding="utf-8") as file:
                file.write(shown[language])


def run(command, shown, folder):
    """What is wrong with a command, or None."""
    sources(command, shown, folder)
    process = Process(command)
    try:
        done = subprocess.run(["sh", "-ec", process.fill_in(fill_in(command))], cwd=folder, check=False, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        return "takes too long"
    finally:
        process.end()
    if done.returncode == 0 or done.returncode == 1 and re.search(r"\| grep [^|]*$", command):  # grep found nothing
        return None
    return f"fails with status {done.returncode}:\n" + "\n".join(done.stdout.decode(errors="replace").split("\n")[:10])


def main():
    entries, scratch, count = listed(sys.argv[1]), sys.argv[2], 0
    for document in sys.argv[3:]:
        name, folder = os.path.relpath(document, SOURCES), os.path.join(scratch, "here")
        prepare(folder)
        with open(document, encoding="utf-8") as file:
            found = (Document if document.endswith(".md") else Page)(file.read()).found
        for command, shown in found:
            count += 1
            entry = place(command, entries)
            if entry is None:
                wrong = run(command, shown, folder) if can_be_run(command) else None
            else:
                wrong = f"is not run by {entry[1]}: it has no '{entry[2]}'" if missing_text(entry) else None
            if wrong:
                print(f"{name}: '{command}' {wrong}")
    for entry in entries:
        if not entry[3]:
            print(f"no document has '{entry[0]}', which {os.path.basename(sys.argv[1])} names")
    if count < 3:
        print("the documents have hardly a command")


main()
