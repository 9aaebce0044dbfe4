/* SPDX-License-Identifier: MIT */
/* MA_OPTIONS: what is right is taken, what is wrong gets one warning line and changes nothing. */
#include "unit.h"

#include "options.h"

/* Reads a string, in a child that then tells what the options are. */
static void read_and_tell(void *string)
{
	ma_options_read(string);
	fprintf(stderr, "stats=%d map=%s\n", ma_options.stats, ma_options.map);
}

#define UNKNOWN "libma: MA_OPTIONS: unknown option ignored, see ma_options(7): "
#define BAD "libma: MA_OPTIONS: bad value ignored, see ma_options(7): "

static char long_path[sizeof(ma_options.map)], long_name[300], long_path_option[sizeof(ma_options.map) + 10];

static void reads(char *string, const char *expected)
{
	unit_says(read_and_tell, string, expected);
}

START_TEST(good_ones)
{
	reads(NULL, "stats=0 map=\n");
	reads((char[]){""}, "stats=0 map=\n");
	reads((char[]){"stats=1"}, "stats=1 map=\n");
	reads((char[]){"stats=0"}, "stats=0 map=\n");
	reads((char[]){"map=-"}, "stats=0 map=-\n");
	reads((char[]){"stats=1,map=/tmp/x=y"}, "stats=1 map=/tmp/x=y\n");
	reads((char[]){"map=a,map=b,stats=1,stats=0"}, "stats=0 map=b\n");
	reads((char[]){",,stats=1,,,"}, "stats=1 map=\n");
}
END_TEST

START_TEST(unknown_ones)
{
	reads((char[]){"nosuch"}, UNKNOWN "'nosuch'\nstats=0 map=\n");
	reads((char[]){"nosuch=1,stats=1"}, UNKNOWN "'nosuch=1'\nstats=1 map=\n");
	reads((char[]){"stat=1,statss=1,=1,="},
	      UNKNOWN "'stat=1'\n" UNKNOWN "'statss=1'\n" UNKNOWN "'=1'\n" UNKNOWN "'='\nstats=0 map=\n");
	reads((char[]){"STATS=1, stats=1"}, UNKNOWN "'STATS=1'\n" UNKNOWN "' stats=1'\nstats=0 map=\n");
}
END_TEST

START_TEST(bad_values)
{
	reads((char[]){"stats"}, BAD "'stats'\nstats=0 map=\n");
	reads((char[]){"stats="}, BAD "'stats='\nstats=0 map=\n");
	reads((char[]){"stats=yes,stats=11,stats=2"},
	      BAD "'stats=yes'\n" BAD "'stats=11'\n" BAD "'stats=2'\nstats=0 map=\n");
	reads((char[]){"map=,map"}, BAD "'map='\n" BAD "'map'\nstats=0 map=\n");
	reads((char[]){"map=x,map="}, BAD "'map='\nstats=0 map=x\n");
}
END_TEST

/* As `reads`, for a path that is too long for a line of text here. */
static void read_long_path(void *string)
{
	ma_options_read(string);
	expect(strcmp(ma_options.map, long_path) == 0);
}

START_TEST(long_ones)
{
	char expected[512];

	memset(long_path, 'p', sizeof(ma_options.map) - 1);
	snprintf(long_path_option, sizeof(long_path_option), "map=%s", long_path);
	unit_says(read_long_path, long_path_option, "");
	strcat(long_path_option, "p");
	snprintf(expected, sizeof(expected), BAD "'%.63s'\nstats=0 map=\n", long_path_option);
	reads(long_path_option, expected);
	memset(long_name, 'n', sizeof(long_name) - 1);
	snprintf(expected, sizeof(expected), UNKNOWN "'%.63s'\nstats=0 map=\n", long_name);
	reads(long_name, expected);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {good_ones, unknown_ones, bad_values, long_ones};

	return unit_run("options", tests, LENGTH(tests));
}
