/* SPDX-License-Identifier: MIT */
/* MA_OPTIONS: what is right is taken, what is wrong gets one warning line and changes nothing. */
#include "unit.h"

#include "options.h"

/* Reads a string, in a child that then tells what the options are. */
static void read_and_tell(void *string)
{
	ma_options_read(string);
	fprintf(stderr, "stats=%s map=%s\n",
		strcmp(ma_options.stats, "-") == 0 ? "1"
		: ma_options.stats[0] == '\0'	   ? "0"
						   : ma_options.stats,
		ma_options.map);
}

#define UNKNOWN "libma: MA_OPTIONS: unknown option ignored, see ma_options(7): "
#define BAD "libma: MA_OPTIONS: bad value ignored, see ma_options(7): "

#define ALONE(other) "libma: MA_OPTIONS: no effect without " other ", see ma_options(7): "

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
	reads((char[]){"stats=some.json,stats_every=5,map=-,map_every=100"}, "stats=some.json map=-\n");
	reads((char[]){",,stats=1,,,"}, "stats=1 map=\n");
}
END_TEST

/* What is no file's name, as is more likely, is not taken for one. */
START_TEST(files)
{
	reads((char[]){"map=1"}, "stats=0 map=-\n");
	reads((char[]){"map=x,map=0"}, "stats=0 map=\n");
	reads((char[]){"stats=1 map=x"}, BAD "'stats=1 map=x'\nstats=0 map=\n");
	reads((char[]){"stats=a;map=x"}, BAD "'stats=a;map=x'\nstats=0 map=\n");
	reads((char[]){"stats=a:sites=1"}, BAD "'stats=a:sites=1'\nstats=0 map=\n");
	reads((char[]){"map=a b;c=d mapx=1"}, "stats=0 map=a b;c=d mapx=1\n");
	reads((char[]){"stats=yes,map=off"}, BAD "'stats=yes'\n" BAD "'map=off'\nstats=0 map=\n");
	reads((char[]){"stats=./yes"}, "stats=./yes map=\n");
}
END_TEST

START_TEST(reports)
{
	ma_options_read(
		"stats_format=openmetrics,stats_every=5,map_format=json,map_every=100,map_on_abort=x");
	expect(ma_options.stats_format.given && ma_options.stats_format.format == MA_OPENMETRICS);
	expect(ma_options.map_format.given && ma_options.map_format.format == MA_JSON);
	expect(ma_options.stats_every == 5 && ma_options.map_every == 100);
	expect(strcmp(ma_options.map_on_abort, "x") == 0);
}
END_TEST

/* What has an effect only beside another option, without that one. */
START_TEST(alone)
{
	reads((char[]){"map_every=100"}, ALONE("map") "'map_every'\nstats=0 map=\n");
	reads((char[]){"map_format=json"}, ALONE("map or map_on_abort") "'map_format'\nstats=0 map=\n");
	reads((char[]){"map_on_abort=x,map_format=json"}, "stats=0 map=\n");
	reads((char[]){"map=x,map_every=100,map_format=json"}, "stats=0 map=x\n");
	reads((char[]){"stats_every=5,stats_format=xml,stats=0"},
	      ALONE("stats") "'stats_every'\n" ALONE("stats") "'stats_format'\nstats=0 map=\n");
	reads((char[]){"stats_every=5,stats_format=xml,stats=1"}, "stats=1 map=\n");
	reads((char[]){"guard_low=1,guard_rate=5"},
	      ALONE("guard") "'guard_low'\n" ALONE("guard") "'guard_rate'\nstats=0 map=\n");
	reads((char[]){"guard_low=1,guard_rate=5,guard=10"}, "stats=0 map=\n");
	reads((char[]){"guard_low=1,hardened=1"}, "stats=0 map=\n");
	reads((char[]){"sites_depth=5"}, ALONE("sites or guard") "'sites_depth'\nstats=0 map=\n");
	reads((char[]){"sites_depth=5,sites=512k"}, "stats=0 map=\n");
	reads((char[]){"sites_depth=5,guard=all"}, "stats=0 map=\n");
	reads((char[]){"free_sites=1,sites=512k"}, ALONE("sites=1") "'free_sites'\nstats=0 map=\n");
	reads((char[]){"free_sites=1,sites=1"}, "stats=0 map=\n");
	reads((char[]){"free_sites=0,guard_low=0"}, "stats=0 map=\n");
}
END_TEST

START_TEST(profile_keeps_what_was_set)
{
	ma_options_read("guard_rate=5,sites_depth=7,hardened=1");
	expect(ma_options.guard_rate == 5 && ma_options.sites_depth == 7);
	expect(ma_options.redzone && ma_options.guard == 5000);
}
END_TEST

START_TEST(limits)
{
	ma_options_read("limit=cgroup,guard=10");
	expect(ma_options.limit_cgroup && ma_options.limit == 0);
	ma_options_read("limit=5M");
	expect(!ma_options.limit_cgroup && ma_options.limit == 5 << 20);
	reads((char[]){"limit=,limit=x,limit=cgroups,limit=-1"},
	      BAD "'limit='\n" BAD "'limit=x'\n" BAD "'limit=cgroups'\n" BAD "'limit=-1'\nstats=0 map=\n");
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
	reads((char[]){"stats_format=yaml,map_format=,map_format"},
	      BAD "'stats_format=yaml'\n" BAD "'map_format='\n" BAD "'map_format'\nstats=0 map=\n");
	reads((char[]){"map_format=xml,map_format=openmetrics"},
	      BAD "'map_format=xml'\n" BAD "'map_format=openmetrics'\nstats=0 map=\n");
	reads((char[]){"fill=yes,fill=256,fill=-2"},
	      BAD "'fill=yes'\n" BAD "'fill=256'\n" BAD "'fill=-2'\nstats=0 map=\n");
	reads((char[]){"stats_every=0,stats_every=x,map_every=99999999999"},
	      BAD "'stats_every=0'\n" BAD "'stats_every=x'\n" BAD "'map_every=99999999999'\nstats=0 map=\n");
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

START_TEST(numbers)
{
	ma_options_read("quarantine=3k");
	expect(ma_options.quarantine == 3 << 10);
	ma_options_read("quarantine=5M,sites=0,guard=1000000000");
	expect(ma_options.quarantine == 5 << 20 && ma_options.sites == 0 && ma_options.guard == 1000000000);
	/* More than a number holds: by its digits, by the last of them, by its suffix. */
	reads((char[]){"quarantine=99999999999999999999999,quarantine=18446744073709551619,quarantine=99999999999999G"},
	      BAD "'quarantine=99999999999999999999999'\n" BAD "'quarantine=18446744073709551619'\n" BAD
		  "'quarantine=99999999999999G'\nstats=0 map=\n");
	reads((char[]){"quarantine=1x,quarantine=1kk,quarantine=1k1,quarantine=k"},
	      BAD "'quarantine=1x'\n" BAD "'quarantine=1kk'\n" BAD "'quarantine=1k1'\n" BAD
		  "'quarantine=k'\nstats=0 map=\n");
}
END_TEST

START_TEST(switches)
{
	ma_options_read("redzone=1,shuffle=1,shuffle=0,hardened=0");
	expect(ma_options.redzone && !ma_options.shuffle && !ma_options.zero_on_free &&
	       ma_options.guard == 0 && ma_options.huge_pages);
	ma_options_read("huge_pages=0");
	expect(!ma_options.huge_pages);
	reads((char[]){"redzone=2,redzone=,redzone=10,redzone=y,redzone"},
	      BAD "'redzone=2'\n" BAD "'redzone='\n" BAD "'redzone=10'\n" BAD "'redzone=y'\n" BAD
		  "'redzone'\nstats=0 map=\n");
	reads((char[]){"hardened=2,hardened=,hardened=on"},
	      BAD "'hardened=2'\n" BAD "'hardened='\n" BAD "'hardened=on'\nstats=0 map=\n");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		numbers,    switches,  good_ones, reports, profile_keeps_what_was_set, limits, unknown_ones,
		bad_values, long_ones, alone,	  files};

	return unit_run("options", tests, LENGTH(tests));
}
