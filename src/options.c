/* SPDX-License-Identifier: MIT */
/* options.c - owns the options: their names, types and ranges stand in one table. */
#include "options.h"

#include <string.h>

struct options ma_options;

enum option_type { OPTION_BOOL, OPTION_PATH };

static const struct option {
	char name[12];
	enum option_type type;
	void *value;
} option_table[] = {
	{"stats", OPTION_BOOL, &ma_options.stats},
	{"map", OPTION_PATH, ma_options.map},
};

static bool option_set(const struct option *option, const char *value, size_t length)
{
	switch (option->type) {
	case OPTION_BOOL:
		if (length != 1 || (*value != '0' && *value != '1'))
			return false;
		*(bool *)option->value = *value == '1';
		return true;
	case OPTION_PATH:
		if (length == 0 || length >= sizeof(ma_options.map))
			return false;
		memcpy(option->value, value, length);
		((char *)option->value)[length] = '\0';
		return true;
	}
	return false;
}

/* Reads one "name=value" of `length` bytes. */
static void option_read(const char *item, size_t length)
{
	const char *equals = memchr(item, '=', length);
	size_t name_length = equals == NULL ? length : (size_t)(equals - item);
	char shown[64];
	size_t shown_length = ma_min(length, sizeof(shown) - 1);

	memcpy(shown, item, shown_length);
	shown[shown_length] = '\0';
	for (size_t i = 0; i < sizeof(option_table) / sizeof(option_table[0]); i++) {
		const struct option *option = &option_table[i];
		if (strlen(option->name) != name_length || memcmp(option->name, item, name_length) != 0)
			continue;
		if (equals == NULL || !option_set(option, equals + 1, length - name_length - 1))
			ma_warn("MA_OPTIONS: bad value ignored, see ma_options(7):", shown);
		return;
	}
	ma_warn("MA_OPTIONS: unknown option ignored, see ma_options(7):", shown);
}

void ma_options_read(const char *string)
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
