/* SPDX-License-Identifier: MIT */
/* options.c - owns the options: their names, types and ranges stand in one table. */
#include "options.h"

#include <string.h>

struct options ma_options; /* the defaults are set when something is read: so its many bytes cost no memory */

enum { GUARD_RATE = 100, SITES_DEPTH = 16 }; /* where nothing else is said */

#define ALONE(other) "MA_OPTIONS: no effect without " other ", see ma_options(7):"

enum option_type {
	OPTION_BOOL,
	OPTION_NUMBER,
	OPTION_ONE_IN,
	OPTION_REPORT,
	OPTION_FORMAT,
	OPTION_LIMIT,
	OPTION_HARDENED,
};

static const struct option {
	char name[16];
	enum option_type type;
	void *value;
	size_t least, most; /* of a number; the last of the formats that there are */
} option_table[] = {
	{"deepbind", OPTION_BOOL, &ma_options.deepbind, 0, 0},
	{"fill", OPTION_NUMBER, &ma_options.fill, 0, 255},
	{"free_sites", OPTION_BOOL, &ma_options.free_sites, 0, 0},
	{"guard", OPTION_ONE_IN, &ma_options.guard, 0, 1000000000},
	{"guard_low", OPTION_BOOL, &ma_options.guard_low, 0, 0},
	{"guard_rate", OPTION_NUMBER, &ma_options.guard_rate, 0, 1000000},
	{"hardened", OPTION_HARDENED, NULL, 0, 0},
	{"huge_pages", OPTION_BOOL, &ma_options.huge_pages, 0, 0},
	{"leaks", OPTION_REPORT, ma_options.leaks, 0, 0},
	{"limit", OPTION_LIMIT, NULL, 0, 0},
	{"map", OPTION_REPORT, ma_options.map, 0, 0},
	{"map_every", OPTION_NUMBER, &ma_options.map_every, 1, 86400000},
	{"map_format", OPTION_FORMAT, &ma_options.map_format, 0, MA_JSON},
	{"map_on_abort", OPTION_REPORT, ma_options.map_on_abort, 0, 0},
	{"quarantine", OPTION_NUMBER, &ma_options.quarantine, 0, SIZE_MAX / 16},
	{"redzone", OPTION_BOOL, &ma_options.redzone, 0, 0},
	{"shuffle", OPTION_BOOL, &ma_options.shuffle, 0, 0},
	{"sigaction", OPTION_BOOL, &ma_options.sigaction, 0, 0},
	{"signals", OPTION_BOOL, &ma_options.signals, 0, 0},
	{"sites", OPTION_NUMBER, &ma_options.sites, 0, (size_t)1 << 30},
	{"sites_depth", OPTION_NUMBER, &ma_options.sites_depth, 1, 64},
	{"stats", OPTION_REPORT, ma_options.stats, 0, 0},
	{"stats_every", OPTION_NUMBER, &ma_options.stats_every, 1, 86400},
	{"stats_format", OPTION_FORMAT, &ma_options.stats_format, 0, MA_XML},
	{"zero_on_free", OPTION_BOOL, &ma_options.zero_on_free, 0, 0},
};

/* Reads a number of decimal digits with the suffix k, M, G or T, or none: powers of 1024. */
static bool read_number(const char *string, size_t length, size_t *number)
{
	static const char suffixes[] = "kMGT";
	const char *end = string + length, *suffix;
	size_t n = 0;

	if (string == end || *string < '0' || *string > '9')
		return false;
	for (; string < end && *string >= '0' && *string <= '9'; string++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (size_t)(*string - '0'), &n))
			return false;
	if (string < end) {
		suffix = memchr(suffixes, *string, sizeof(suffixes) - 1);
		if (suffix == NULL || string + 1 != end)
			return false;
		for (; suffix >= suffixes; suffix--)
			if (__builtin_mul_overflow(n, 1024, &n))
				return false;
	}
	*number = n;
	return true;
}

static const struct option *find_option(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(option_table) / sizeof(option_table[0]); i++)
		if (strlen(option_table[i].name) == length && memcmp(option_table[i].name, name, length) == 0)
			return &option_table[i];
	return NULL;
}

/* Is it more likely something else than a file's name: a word for yes or no, or the next option, behind what is no
 * comma? */
static bool is_no_file(const char *value, size_t length)
{
	static const char words[][6] = {"yes", "no", "on", "off", "true", "false"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == length && memcmp(words[i], value, length) == 0)
			return true;
	for (size_t at = 1; at < length; at++) {
		const char *equals = memchr(value + at, '=', length - at);
		if (equals == NULL)
			return false;
		if (strchr(" ;:", value[at - 1]) != NULL &&
		    find_option(value + at, (size_t)(equals - value) - at) != NULL)
			return true;
	}
	return false;
}

/* The file of a report, or 1 for standard error, or 0 for none. */
static bool set_report(char *path, const char *value, size_t length)
{
	if (length == 1 && (*value == '0' || *value == '1')) {
		strcpy(path, *value == '1' ? "-" : "");
		return true;
	}
	if (length == 0 || length >= OPTION_PATH_MAX || is_no_file(value, length))
		return false;
	memcpy(path, value, length);
	path[length] = '\0';
	return true;
}

bool ma_options_format(enum ma_format *format, const char *value, size_t length)
{
	static const char *const names[] = {
		[MA_TEXT] = "text", [MA_JSON] = "json", [MA_OPENMETRICS] = "openmetrics", [MA_XML] = "xml"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) != length || memcmp(names[i], value, length) != 0)
			continue;
		*format = (enum ma_format)i;
		return true;
	}
	return false;
}

static bool set_format(struct option_format *option, const char *value, size_t length, size_t most)
{
	enum ma_format format;

	if (!ma_options_format(&format, value, length) || format > most)
		return false;
	*option = (struct option_format){true, format};
	return true;
}

static bool set_limit(const char *value, size_t length)
{
	bool cgroup = length == 6 && memcmp(value, "cgroup", 6) == 0;

	if (!cgroup && !read_number(value, length, &ma_options.limit))
		return false;
	ma_options.limit_cgroup = cgroup;
	return true;
}

static void options_read(const char *string);

/* What hardened=1 stands for. */
#define HARDENED "redzone=1,zero_on_free=1,shuffle=1,guard=5000"

static bool set_hardened(const char *value, size_t length)
{
	if (length != 1 || (*value != '0' && *value != '1'))
		return false;
	if (*value == '1')
		options_read(HARDENED);
	return true;
}

static bool option_set(const struct option *option, const char *value, size_t length)
{
	size_t number;

	switch (option->type) {
	case OPTION_BOOL:
		if (length != 1 || (*value != '0' && *value != '1'))
			return false;
		*(bool *)option->value = *value == '1';
		return true;
	case OPTION_ONE_IN:
		if (length == 3 && memcmp(value, "all", 3) == 0) {
			*(size_t *)option->value = 1;
			return true;
		}
		__attribute__((fallthrough));
	case OPTION_NUMBER:
		if (!read_number(value, length, &number) || number < option->least || number > option->most)
			return false;
		*(size_t *)option->value = number;
		return true;
	case OPTION_HARDENED:
		return set_hardened(value, length);
	case OPTION_LIMIT:
		return set_limit(value, length);
	case OPTION_REPORT:
		return set_report(option->value, value, length);
	case OPTION_FORMAT:
		return set_format(option->value, value, length, option->most);
	}
	return false;
}

/* Reads one "name=value" of `length` bytes. */
static void option_read(const char *item, size_t length)
{
	const char *equals = memchr(item, '=', length);
	size_t name_length = equals == NULL ? length : (size_t)(equals - item);
	const struct option *option = find_option(item, name_length);
	char shown[64];
	size_t shown_length = ma_min(length, sizeof(shown) - 1);

	memcpy(shown, item, shown_length);
	shown[shown_length] = '\0';
	if (option == NULL)
		ma_warn("MA_OPTIONS: unknown option ignored, see ma_options(7):", shown);
	else if (equals == NULL || !option_set(option, equals + 1, length - name_length - 1))
		ma_warn("MA_OPTIONS: bad value ignored, see ma_options(7):", shown);
}

static void options_read(const char *string)
{
	while (string != NULL && *string != '\0') {
		size_t length = strcspn(string, ",");
		if (length != 0)
			option_read(string, length);
		string += length;
		if (*string == ',')
			string++;
	}
}

/* Says which options have no effect, since another one was not set. */
static void warn_of_lonely(void)
{
	bool map = ma_options.map[0] != '\0', stats = ma_options.stats[0] != '\0';
	bool sites = ma_options.sites != 0, guard = ma_options.guard != 0;
	const struct {
		bool lonely;
		const char *option, *without;
	} rule[] = {
		{!map && ma_options.map_every != 0, "map_every", ALONE("map")},
		{!map && ma_options.map_on_abort[0] == '\0' && ma_options.map_format.given, "map_format",
		 ALONE("map or map_on_abort")},
		{!stats && ma_options.stats_every != 0, "stats_every", ALONE("stats")},
		{!stats && ma_options.stats_format.given, "stats_format", ALONE("stats")},
		{!guard && ma_options.guard_low, "guard_low", ALONE("guard")},
		{!guard && ma_options.guard_rate != GUARD_RATE, "guard_rate", ALONE("guard")},
		{!guard && !sites && ma_options.sites_depth != SITES_DEPTH, "sites_depth",
		 ALONE("sites or guard")},
		{ma_options.sites != 1 && ma_options.free_sites, "free_sites", ALONE("sites=1")},
	};

	for (size_t i = 0; i < sizeof(rule) / sizeof(rule[0]); i++)
		if (rule[i].lonely)
			ma_warn(rule[i].without, rule[i].option);
}

bool ma_options_read(const char *string)
{
	if (string == NULL || *string == '\0')
		return false;
	ma_options.huge_pages = true;
	ma_options.guard_rate = GUARD_RATE;
	ma_options.sites_depth = SITES_DEPTH;
	options_read(string);
	warn_of_lonely();
	return true;
}
