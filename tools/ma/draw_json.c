/* SPDX-License-Identifier: MIT */
/*
 * draw_json.c - reads JSON into one array of values, which point into the text. A map of a large heap has millions of
 * values: they take no memory of their own, and nothing is copied.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "draw.h"
#include "message.h"

#define DEEPEST 64

static const char *skip(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
		at++;
	return at;
}

static uint32_t add(struct json *json, enum json_type type, const char *text)
{
	if (json->count == json->room) {
		json->room = json->room == 0 ? 1024 : json->room * 2;
		json->value = realloc(json->value, json->room * sizeof(*json->value));
		if (json->value == NULL || json->room > UINT32_MAX)
			fail(EXIT_OWN_FAILURE, "out of memory");
	}
	json->value[json->count] = (struct json_value){.type = type, .text = text};
	return (uint32_t)json->count++;
}

/* Returns what stands behind the string that begins at the quote `at`, NULL if it does not end. */
static const char *string_end(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at + 1 : NULL;
}

static const char *read_value(struct json *json, const char *at, const char *end, unsigned depth,
			      uint32_t *index);

/* Members of an object, elements of an array. Returns what stands behind it, NULL if it is none. */
static const char *read_children(struct json *json, const char *at, const char *end, unsigned depth,
				 uint32_t parent)
{
	bool object = *at == '{';
	char close = object ? '}' : ']';
	uint32_t last = 0, child;

	at = skip(at + 1, end);
	if (at < end && *at == close)
		return at + 1;
	for (;;) {
		const char *key = NULL, *key_end = NULL;

		if (object) {
			if (at >= end || *at != '"' || (key_end = string_end(at, end)) == NULL)
				return NULL;
			key = at + 1;
			at = skip(key_end, end);
			if (at >= end || *at++ != ':')
				return NULL;
		}
		at = read_value(json, at, end, depth + 1, &child);
		if (at == NULL)
			return NULL;
		json->value[child].key = key;
		json->value[child].key_length = key == NULL ? 0 : (size_t)(key_end - 1 - key);
		*(last == 0 ? &json->value[parent].child : &json->value[last].next) = child;
		last = child;
		at = skip(at, end);
		if (at < end && *at == close)
			return at + 1;
		if (at >= end || *at != ',')
			return NULL;
		at = skip(at + 1, end);
	}
}

static const char *read_word(struct json *json, const char *at, const char *end, uint32_t *index)
{
	static const struct {
		const char *word;
		enum json_type type;
	} words[] = {{"true", JSON_TRUE}, {"false", JSON_FALSE}, {"null", JSON_NULL}};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t length = strlen(words[i].word);

		if ((size_t)(end - at) >= length && memcmp(at, words[i].word, length) == 0) {
			*index = add(json, words[i].type, at);
			return at + length;
		}
	}
	return NULL;
}

static const char *read_value(struct json *json, const char *at, const char *end, unsigned depth,
			      uint32_t *index)
{
	const char *behind;

	at = skip(at, end);
	if (at >= end || depth > DEEPEST)
		return NULL;
	switch (*at) {
	case '{':
	case '[':
		*index = add(json, *at == '{' ? JSON_OBJECT : JSON_ARRAY, at);
		behind = read_children(json, at, end, depth, *index);
		break;
	case '"':
		*index = add(json, JSON_STRING, at + 1);
		behind = string_end(at, end);
		if (behind != NULL)
			json->value[*index].length = (size_t)(behind - at) - 2;
		return behind;
	case 't':
	case 'f':
	case 'n':
		return read_word(json, at, end, index);
	default:
		*index = add(json, JSON_NUMBER, at);
		behind = at;
		while (behind < end && strchr("+-.0123456789eE", *behind) != NULL && *behind != '\0')
			behind++;
		if (behind == at)
			return NULL;
	}
	if (behind != NULL)
		json->value[*index].length = (size_t)(behind - at);
	return behind;
}

void json_read(struct json *json, const char **text, const char *end)
{
	uint32_t whole;
	const char *behind;

	*json = (struct json){0};
	add(json, JSON_NULL, NULL); /* place 0 is nobody's */
	behind = read_value(json, *text, end, 0, &whole);
	json->fault = behind == NULL ? *text : NULL;
	*text = behind == NULL ? end : skip(behind, end);
}

void json_free(struct json *json)
{
	free(json->value);
	*json = (struct json){0};
}

const struct json_value *json_child(const struct json *json, const struct json_value *value)
{
	return value == NULL || value->child == 0 ? NULL : &json->value[value->child];
}

const struct json_value *json_next(const struct json *json, const struct json_value *value)
{
	return value == NULL || value->next == 0 ? NULL : &json->value[value->next];
}

size_t json_count(const struct json *json, const struct json_value *value)
{
	size_t count = 0;

	for (value = json_child(json, value); value != NULL; value = json_next(json, value))
		count++;
	return count;
}

const struct json_value *json_member(const struct json *json, const struct json_value *object,
				     const char *key)
{
	const struct json_value *member = json_child(json, object);
	size_t length = strlen(key);

	while (member != NULL &&
	       (member->key_length != length || member->key == NULL || memcmp(member->key, key, length) != 0))
		member = json_next(json, member);
	return member;
}

uint64_t json_number(const struct json_value *value)
{
	char digits[32];

	if (value == NULL || (value->type != JSON_NUMBER && value->type != JSON_STRING) ||
	    value->length >= sizeof digits)
		return 0;
	memcpy(digits, value->text, value->length);
	digits[value->length] = '\0';
	return strtoull(digits, NULL, strncmp(digits, "0x", 2) == 0 ? 16 : 10);
}

/* What stands behind a backslash; moves `*at` behind what it takes. */
static char escaped(const char **at, const char *end)
{
	static const char names[] = "bfnrt", meant[] = "\b\f\n\r\t";
	char c = *(*at)++;
	const char *name = strchr(names, c);

	if (c == 'u' && end - *at >= 4) { /* those of one byte are all that libma writes */
		char digits[5] = {0};
		memcpy(digits, *at, 4);
		*at += 4;
		return (char)strtol(digits, NULL, 16);
	}
	return name != NULL && c != '\0' ? meant[name - names] : c;
}

char *json_string(const struct json_value *value)
{
	const char *at, *end;
	char *string, *to;

	if (value == NULL || value->type != JSON_STRING)
		return NULL;
	string = to = malloc(value->length + 1);
	if (string == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	for (at = value->text, end = at + value->length; at < end;) {
		char c = *at++;
		*to++ = c == '\\' && at < end ? escaped(&at, end) : c;
	}
	*to = '\0';
	return string;
}
