/* SPDX-License-Identifier: MIT */
/* A fault ends in one line and abort(); a warning in one line. The misuse tests see the lines of real faults. */
#include "unit.h"

#include <errno.h>

#include "base.h"
#include "fatal.h"
#include "text.h"

static char place[64];

static void die_bare(void *arg)
{
	(void)arg;
	ma_fatal("a fault", NULL);
}

static void die_at(void *arg)
{
	ma_fatal("a fault", arg);
}

static void die_at_start(void *arg)
{
	ma_fatal_place("a fault", arg, "slot", arg, 48);
}

static void die_inside(void *arg)
{
	ma_fatal_place("a fault", (char *)arg + 5, "block", arg, sizeof(place));
}

static void check_false(void *arg)
{
	MA_CHECK(arg == NULL, "a check", arg);
}

static void check_true(void *arg)
{
	MA_CHECK(arg != NULL, "a check", arg);
}

static void warn(void *arg)
{
	errno = 17;
	ma_warn("a warning", arg);
	expect(errno == 17);
}

START_TEST(lines)
{
	unit_dies(die_bare, NULL, "libma: a fault");
	unit_dies(die_at, place, "libma: a fault: %p", (void *)place);
	unit_dies(die_at_start, place, "libma: a fault: %p is a slot of 48 bytes", (void *)place);
	unit_dies(die_inside, place, "libma: a fault: %p lies in a block of 64 bytes at %p",
		  (void *)(place + 5), (void *)place);
}
END_TEST

/* What is known around it is added to the line, what is known of the object follows; of a fault in there only the line. */
static void around(struct text *line, const char *kind, const void *at)
{
	expect(at == place);
	ma_text_string(line, kind == NULL ? ", around" : ", around a slot");
}

static void around_that_fails(struct text *line, const char *kind, const void *at)
{
	(void)line;
	(void)kind;
	ma_fatal("a fault in there", at);
}

static void tell(const void *start)
{
	expect(start == place);
	ma_warn("its site", NULL);
}

static void tell_that_fails(const void *start)
{
	ma_fatal("a fault in there", start);
}

START_TEST(what_is_known)
{
	ma_fatal_around = around;
	ma_fatal_tell = tell;
	unit_dies(die_at_start, place,
		  "libma: a fault: %p is a slot of 48 bytes, around a slot\nlibma: its site", (void *)place);
	unit_dies(die_at, place, "libma: a fault: %p, around\nlibma: its site", (void *)place);
	unit_dies(die_bare, NULL, "libma: a fault");
	ma_fatal_tell = tell_that_fails;
	unit_dies(die_at, place, "libma: a fault: %p, around\nlibma: a fault in there: %p", (void *)place,
		  (void *)place);
	ma_fatal_around = around_that_fails;
	ma_fatal_tell = NULL;
	unit_dies(die_at, place, "libma: a fault in there: %p", (void *)place);
}
END_TEST

START_TEST(checks)
{
	unit_dies(check_false, place, "libma: a check: %p", (void *)place);
	unit_says(check_true, place, "");
}
END_TEST

static void assert_false(void *arg)
{
	MA_ASSERT(arg == NULL);
}

START_TEST(assertions_in_debug_builds_only)
{
	if (MA_DEBUG)
		unit_dies(assert_false, place, "libma: assertion failed: arg == NULL");
	else
		unit_says(assert_false, place, "");
}
END_TEST

START_TEST(warnings)
{
	unit_says(warn, NULL, "libma: a warning\n");
	unit_says(warn, place, "libma: a warning ''\n");
	strcpy(place, "detail");
	unit_says(warn, place, "libma: a warning 'detail'\n");
	/* What a terminal would obey: of one byte and of two; and what is no text. */
	strcpy(place, "\x1b[1m\n\x7f\xc2\x9bm\xffgr\xc3\xbcn");
	unit_says(warn, place, "libma: a warning '\\x1b[1m\\x0a\\x7f\\xc2\\x9bm\\xffgr\xc3\xbcn'\n");
}
END_TEST

/* The judges of all the other tests can tell right from wrong. */
START_TEST(judges_fail_when_they_should)
{
	char text[256];
	pid_t child;
	int status;

	status = unit_child(die_at, place, text, sizeof(text));
	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	child = fork();
	if (child == 0) {
		fclose(stderr);
		close(STDERR_FILENO);
		unit_dies(die_bare, NULL, "libma: another fault");
		_exit(0);
	}
	expect(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	child = fork();
	if (child == 0) {
		fclose(stderr);
		close(STDERR_FILENO);
		unit_says(die_bare, NULL, "libma: a fault\n");
		_exit(0);
	}
	expect(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {what_is_known, lines,
				      checks,	     assertions_in_debug_builds_only,
				      warnings,	     judges_fail_when_they_should};

	return unit_run("fatal", tests, LENGTH(tests));
}
