/* SPDX-License-Identifier: MIT */
/*
 * replay.c - main() of a fuzzer without libFuzzer: runs each file given, each in a process of its own, so that the
 * library is as it is at start.
 *
 * usage: FUZZER FILE...
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

static void run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc((size_t)1 << 20);
	size_t size;

	if (file == NULL || data == NULL) {
		fprintf(stderr, "can't read '%s': %s\n", path, strerror(errno));
		_exit(1);
	}
	size = fread(data, 1, (size_t)1 << 20, file);
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

int main(int argc, char **argv)
{
	int failed = 0, status;

	for (int i = 1; i < argc; i++) {
		pid_t child = fork();

		if (child == 0) {
			run_file(argv[i]);
			exit(0);
		}
		if (child < 0 || waitpid(child, &status, 0) != child) {
			perror("can't run a child");
			return 1;
		}
		if (status == 0)
			continue;
		fprintf(stderr, "%s: wait status 0x%x\n", argv[i], (unsigned)status);
		failed++;
	}
	printf("%d files, %d failed\n", argc - 1, failed);
	return argc < 2 || failed != 0;
}
