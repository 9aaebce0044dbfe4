# SPDX-License-Identifier: MIT
#
# input.awk - makes the inputs of the programs that `make run` runs.
#
#   awk -v kind=KIND -v size=N -f input.awk
#
# KIND is what the functions below are called after, N how many of its units are wanted. The same KIND and
# N give the same bytes on every machine.

# The "minimal standard" generator of Park and Miller: all its products are exact in awk's numbers.
function random(limit) {
	state = (state * 16807) % 2147483647
	return state % limit
}

# Words that look like words, the first ones far more frequent than the last.
function word() {
	return vocabulary[int(random(1000) * random(1000) / 1000)]
}

function make_vocabulary(    i, letters, length_left) {
	for (i = 0; i < 1000; i++) {
		letters = ""
		for (length_left = 2 + random(4); length_left > 0; length_left--)
			letters = letters substr("bcdfglmnprstvw", 1 + random(14), 1) \
				substr("aeiou", 1 + random(5), 1)
		vocabulary[i] = letters
	}
}

# N lines of five to fourteen words.
function text(    i, j, line, words) {
	for (i = 0; i < size; i++) {
		line = word()
		words = 4 + random(10)
		for (j = 0; j < words; j++)
			line = line " " word()
		print line
	}
}

# N lines of comma-separated fields: number, word, word, number.
function rows(    i) {
	for (i = 1; i <= size; i++)
		print i "," word() "," word() "," random(100000)
}

# One JSON array of N objects.
function records(    i) {
	print "["
	for (i = 1; i <= size; i++) {
		printf "{\"id\": %d, \"name\": \"%s %s\", \"tags\": [\"%s\", \"%s\", \"%s\"],", i, word(), word(), \
			word(), word(), word()
		printf " \"place\": {\"x\": %d.%02d, \"y\": %d}, \"active\": %s}%s\n", random(1000), random(100), \
			random(1000), random(2) ? "true" : "false", i < size ? "," : ""
	}
	print "]"
}

# A C program of N functions with loops, branches, structs and calls.
function c_program(    i, j) {
	print "#include <stdio.h>\n#include <string.h>\n"
	print "struct item { long key; double weight; char name[16]; struct item *next; };\n"
	print "static long f0(long a, long b) { return a ^ b; }\n"
	for (i = 1; i <= size; i++) {
		print "static long f" i "(long a, long b)\n{"
		print "\tstruct item item = {a, (double)b, \"" word() "\", 0};\n\tlong sum = " random(1000) ";\n"
		print "\tfor (long i = 0; i < (b & 15); i++) {\n\t\tswitch ((a + i) % 7) {"
		for (j = 0; j < 6; j++)
			print "\t\tcase " j ": sum += item.key * " random(100) " + f" random(i) "(i, sum); break;"
		print "\t\tdefault: item.weight += (double)sum; item.name[i & 15] ^= (char)sum;\n\t\t}\n\t}"
		print "\treturn sum + (long)item.weight + (long)strlen(item.name);\n}\n"
	}
	print "int main(void)\n{\n\tprintf(\"%ld\\n\", f" size "(3, 5));\n\treturn 0;\n}"
}

BEGIN {
	state = 20260101
	make_vocabulary()
	if (kind == "text")
		text()
	else if (kind == "rows")
		rows()
	else if (kind == "records")
		records()
	else if (kind == "c_program")
		c_program()
	else {
		print "input.awk: there is no kind '" kind "'" > "/dev/stderr"
		exit 1
	}
}
