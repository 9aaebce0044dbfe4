# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # $programs is the includer's
#
# list.bash - the programs that `make run` runs, and their inputs. Part of tools/real-programs.
#
# Every command runs in the folder of the inputs and must print the same bytes each time: no times, no
# addresses, no order that depends on either. It should take 0.2 to 0.5 s and allocate as programs of its
# kind do; threads and processes are welcome.

# Makes the inputs in the current folder.
make_inputs() {
	cp "$programs"/* .
	make_input text 1200 short-text
	make_input text 12000 text
	[[ ${commands[*]} != *long-text* ]] || make_input text 150000 long-text # takes a second
	make_input rows 40000 rows.csv
	make_input records 6000 records.json
	make_input c_program 30 program.c
	mkdir tree
	split -l 10 -a 4 text tree/part-
}

# make_input KIND SIZE FILE: see input.awk.
make_input() {
	awk -v kind="$1" -v size="$2" -f input.awk >"$3"
}

# python3 may be a script that only finds the real one, which would then be measured twenty times.
find_python() {
	python3 -c 'import sys; print(sys.executable)' 2>/dev/null || true
}

# Calls `add NAME PROGRAM COMMAND...` for each: NAME is what the table shows, PROGRAM is what the machine must
# have for it.
list_programs() {
	local python lua
	python=$(find_python)
	lua=$(command -v lua5.4 || command -v lua || true)

	add 'python3 classes' python3 "$python" classes.py 8
	add 'python3 malloc' python3 env PYTHONMALLOC=malloc "$python" classes.py 8
	add 'python3 json' python3 "$python" records.py records.json 2
	add 'python3 workers' python3 "$python" workers.py text
	add 'perl' perl perl words.pl text
	add 'gcc -O2' gcc gcc -O2 -S -o - program.c
	add 'g++ -O1' g++ g++ -std=c++17 -O1 -S -o - containers.cc
	add 'git history' git bash history.sh short-text repository 3
	add 'sort' sort sort --parallel=2 -S 200M -k 2 long-text
	add 'xz -T2' xz xz -T2 --block-size=500KiB -c text
	add 'sqlite3' sqlite3 sqlite3 -batch :memory: '.read tables.sql'
	add 'lua' "${lua:-lua5.4}" "$lua" objects.lua 60000
	add 'jq' jq jq -f summary.jq records.json
	add 'node workers' node node records.js records.json
	add 'awk' awk awk -f words.awk text
	add 'tar -z' tar tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -czf - tree
	add 'bash' bash bash lists.bash short-text
}
