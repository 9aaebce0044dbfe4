#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Real programs' own tests, on libma and without it: what passes without it passes on it. make check-suites runs them, in
# ten minutes or so; make check only tests that a difference shows.
#
#   CPython   Debian's libpython3-testsuite, with PYTHONMALLOC=malloc, so that libma serves all
#   GLib      Debian's libglib2.0-tests
#
# SUITES is all, cpython, glib, or none. ALL=1 runs all of CPython's modules, not only those that have to do with memory,
# threads and processes; that takes an hour or more. MODULES='test_gc test_list' names them. A module or program that
# went otherwise is run twice more, both ways: what goes otherwise each time is reported.
#
# Debian brings neither perl's core tests nor SQLite's in a package: of SQLite this runs what Python's test_sqlite3 does.

. "${0%/*}/common"

: "${SUITES=none}" "${ALL=0}" "${MODULES=}"
python=/usr/bin/python3 # Debian's: the tests are for this one
compare="$MA_SRCDIR/tests/preload/suites.py"
glib_tests=/usr/share/installed-tests/glib

chosen='test_gc test_list test_dict test_set test_tuple test_bytes test_memoryview test_array test_buffer test_str
	test_unicode test_bigmem test_long test_deque test_ordered_dict test_weakref test_copy test_pickle test_marshal
	test_json test_re test_zlib test_bz2 test_lzma test_struct test_mmap test_heapq test_itertools test_generators
	test_descr test_exceptions test_thread test_threading test_threadedtempfile test_threading_local test_queue
	test_multiprocessing_fork test_fork1 test_wait3 test_wait4 test_posix test_subprocess test_popen test_signal
	test_faulthandler test_ctypes test_capi test_embed test_tracemalloc test_sqlite3 test_xml_etree test_xml_etree_c
	test_pyexpat test_hashlib test_ast test_sort test_hash test_csv test_format test_import'

# modules: of CPython, those to run that there are, on one line.
modules() {
	if [ -n "$MODULES" ]; then
		echo "$MODULES"
	elif [ "$ALL" = 1 ]; then
		$python -m test --list-tests | tr '\n' ' '
	else
		$python -m test --list-tests >have
		echo "$chosen" | xargs -n 1 | sort -u | grep -Fx -f have | tr '\n' ' '
	fi
}

# python_tests plain|libma MODULE...: their results are added to plain.xml or libma.xml. On a virtual machine whose host
# listens at their port, test_socket's tests of VSOCK wait for each other until time is up, and no result is left of it.
python_tests() {
	library=
	[ "$1" = plain ] || library=$preload
	results=$1.xml
	shift
	for module; do
		rm -rf module.xml home
		mkdir -p home
		env LD_PRELOAD="$library" PYTHONMALLOC=malloc HOME="$PWD/home" TMPDIR="$PWD/home" PYTHONHASHSEED=1 \
			timeout -k 10 900 "$python" -m test -j1 --timeout 600 -i '*VSOCK*' --junit-xml="$PWD/module.xml" "$module" \
			>module.out 2>&1 </dev/null
		status=$?
		[ -s module.xml ] && cat module.xml >>"$results" && echo >>"$results"
		# How the whole module ended is a result too.
		echo "<testsuites><testcase name=\"$module (status)\" result=\"status $status\" /></testsuites>" >>"$results"
	done
}

# tests_of_glib: their descriptions; not those of its speed, nor those that talk over a session bus, of which there is none;
# nor, but for ALL=1, those that spend half a minute on locks alone.
tests_of_glib() {
	locks='1bit-mutex mutex rec-mutex thread-deprecated properties-refcount[0-9]*'
	[ "$ALL" = 0 ] || locks=none
	find "$glib_tests" -name '*.test' ! -name '*dbus*' ! -name '*portal*' ! -name '*performance*' ! -name '*slow*' |
		grep -Evx "$(echo "$locks" | sed 's,[^ ]*,.*/&[.]test,g; s/ /|/g')" | sort
}

# run_glib_tests plain|libma DESCRIPTION...
run_glib_tests() {
	library=
	[ "$1" = plain ] || library=$preload
	results=$1.tap
	shift
	for description; do
		rm -rf home && mkdir home
		# shellcheck disable=SC2046 # a command with its arguments
		env LD_PRELOAD="$library" G_SLICE=always-malloc HOME="$PWD/home" TMPDIR="$PWD/home" XDG_RUNTIME_DIR="$PWD/home" \
			timeout -k 10 120 $(sed -n 's/^Exec=//p' "$description") >program.out 2>/dev/null </dev/null
		status=$?
		cat program.out >>"$results"
		name=${description##*/}
		printf '\n# PROGRAM %s status %s\n' "${name%.test}" "$status" >>"$results"
	done
}

# again RUN SUFFIX NAME...: of these, what goes otherwise a second and a third time too.
again() {
	run=$1 suffix=$2
	shift 2
	for turn in 2 3; do
		rm -f "plain.$suffix" "libma.$suffix"
		"$run" plain "$@"
		"$run" libma "$@"
		$python "$compare" compare "plain.$suffix" "libma.$suffix" 2>/dev/null | sort >"turn.$turn"
		comm -12 different "turn.$turn" >both
		mv both different
	done
}

# suite NAME RUN SUFFIX ITEM...: runs it both ways, and prints what goes otherwise.
suite() {
	suite=$1 run=$2 suffix=$3
	shift 3
	rm -f "plain.$suffix" "libma.$suffix"
	n=0
	for item; do
		n=$((n + 1))
		begun=$(date +%s)
		"$run" plain "$item"
		between=$(date +%s)
		"$run" libma "$item"
		echo "$suite: $n of $#: ${item##*/}: $((between - begun)) s, on libma $(($(date +%s) - between)) s" >&2
	done
	$python "$compare" compare "plain.$suffix" "libma.$suffix" 2>told | sort >different
	sed "s/^/$suite, /" told >&2
	[ -s different ] || return
	sed "s/^/$suite, at first: /" different >&2
	# shellcheck disable=SC2046 # lists of words
	again "$run" "$suffix" $(for item; do of_item "$item" && echo "$item"; done)
	sed "s/^/$suite: /" different
}

# of_item ITEM: did anything of it go otherwise? Of Python, a test's name has its module's in it.
of_item() {
	name=${1##*/}
	grep -Eq "(^|[^a-z_0-9])${name%.test}([^a-z_0-9]|\$)" different
}

on_cpython() {
	[ -d "$($python -c 'import test; print(test.__path__[0])' 2>/dev/null)/test_json" ] || {
		echo 'skipped: CPython: libpython3.11-testsuite is not installed (./bootstrap check-suites does it)' >&2
		touch ended
		return
	}
	# shellcheck disable=SC2046 # a list of words
	suite CPython python_tests xml $(modules)
	touch ended
}

on_glib() {
	[ -d "$glib_tests" ] || {
		echo 'skipped: GLib: libglib2.0-tests is not installed (./bootstrap check-suites does it)' >&2
		touch ended
		return
	}
	# shellcheck disable=SC2046 # a list of words
	suite GLib run_glib_tests tap $(tests_of_glib)
	touch ended
}

[ -x $python ] || skip 'there is no /usr/bin/python3'
case $SUITES in
all) to_run='on_cpython on_glib' ;;
cpython) to_run=on_cpython ;;
glib) to_run=on_glib ;;
none) to_run= ;;
*) echo 'SUITES is all, cpython, glib or none' >&2 && exit 2 ;;
esac
# to_the_end SUITE: a suite that is killed on its way says nothing, and that is a fault.
to_the_end() {
	rm -f ended
	clean "$1"
	[ -e ended ] || { echo "$1 did not come to its end" && failed=1; }
}
for each in $to_run; do
	to_the_end "$each"
done

# A difference shows: in Python's results, in TAP, in how a program ends, and a test that is missing.
planted_tests() {
	cat >plain.xml <<-'END'
		<testsuites><testcase name="test.a" result="completed" /><testcase name="test.b" result="completed" />
		<testcase name="test.c" result="completed" /></testsuites>
	END
	cat >libma.xml <<-'END'
		<testsuites><testcase name="test.a" result="completed" /><testcase name="test.b" result="completed"><failure /></testcase>
		</testsuites>
	END
	$python "$compare" compare plain.xml libma.xml 2>&1
	printf 'ok 1 /a/seed:5\nok 2 /b\n# PROGRAM p status 0\n' >plain.tap
	printf 'ok 1 /a/seed:6\nnot ok 2 /b\n# PROGRAM p status 134\n' >libma.tap
	$python "$compare" compare plain.tap libma.tap 2>&1
}
planted '^test.b: failure on libma, completed without$' planted_tests
planted '^test.c: not run on libma, completed without$' planted_tests
planted '^p /b: failure on libma, completed without$' planted_tests
planted '^p: status 134 on libma, completed without$' planted_tests
planted '^on libma: 2 results: 1 completed, 1 failure$' planted_tests
seeds() {
	planted_tests | grep 'seed'
}
clean seeds # a test's name that tells its random seed is the same test

# A suite that is killed.
# shellcheck disable=SC2317 # it is called by its name
killed() {
	exit 3
}
planted 'killed did not come to its end' to_the_end killed

# Through all of it: a program that fails where libma is preloaded.
# shellcheck disable=SC2016 # it expands there
printf '#!/bin/sh\necho "ok 1 /x"\n[ -z "$LD_PRELOAD" ] || exit 1\n' >liar && chmod +x liar
echo "Exec=$PWD/liar --quiet" >liar.test
planted '^Liar: liar: status 1 on libma, completed without$' suite Liar run_glib_tests tap "$PWD/liar.test"

exit $failed
