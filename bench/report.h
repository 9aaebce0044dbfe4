/* SPDX-License-Identifier: MIT */
/*
 * report.h - what one measured run leaves behind: memory that `ma bench`, ma-measure and ma-workload share.
 *
 *   ma bench     makes it for each run, as an anonymous file, and reads it when the run has ended
 *   ma-measure   fills in `measured`: what it saw from outside
 *   ma-workload  fills in `told`: what only the program itself knows
 *
 * The file's descriptor is an argument of ma-measure's; ma-workload finds it in REPORT_VARIABLE. Each part
 * has one writer. Only what ma-measure reads while the workload runs is atomic. The three programs are of
 * one build, so the layout has no versions.
 *
 * Numbers of memory are bytes unless their names say KiB, as those that come from the kernel are.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdint.h>

#define REPORT_VARIABLE "MA_BENCH_REPORT"

enum {
	REPORT_WORKERS = 64,	 /* threads that keep an account of their own at any one time */
	REPORT_SAMPLES = 256,	 /* points of the memory over time that are kept */
	REPORT_OUTPUT_MIB = 256, /* a program may print, on standard output and on standard error */
	REPORT_PATH = 512,
	REPORT_TEXT = 256
};

/* Operations whose latency is measured. */
enum report_operation { OPERATION_MALLOC, OPERATION_FREE, OPERATIONS };

struct report_latency {
	uint64_t count;
	double p50, p99, p999, max; /* nanoseconds, what the clock itself takes taken off */
};

/* The bytes that one thread allocated, less those that it freed: negative in a thread that frees what others
 * allocate. A cache line each, so that counting does not make threads wait for each other. */
struct report_worker {
	_Alignas(64) _Atomic int64_t live;
};

struct report_told {
	char server[REPORT_PATH];    /* the file that malloc, free and their kin come from */
	char complaint[REPORT_TEXT]; /* why the workload gave up, or "" */
	uint64_t checksum;	     /* of the work done, the same under every allocator */
	uint64_t own;		     /* memory that the workload holds without malloc, all of it touched */
	double idle;		     /* seconds that the workload slept on purpose */
	double figure;		     /* what this workload alone tells; negative for nothing */
	_Atomic uint32_t steady;     /* 1 while live bytes are what the workload aims at */
	struct report_latency latency[OPERATIONS];
	struct report_worker worker[REPORT_WORKERS];
};

/* The system calls through which memory comes and goes. */
enum report_call { CALL_BRK, CALL_MMAP, CALL_MUNMAP, CALL_MREMAP, CALL_MADVISE, CALL_MPROTECT, CALLS };

struct report_sample {
	float time;	   /* seconds since the start */
	uint32_t steady;   /* told.steady at that time */
	uint64_t resident; /* anonymous memory of all processes of the program, without told.own */
	uint64_t live;	   /* the sum of told.worker */
};

enum report_end {
	END_UNKNOWN, /* ma-measure did not get that far */
	END_EXIT,    /* `end_value` is the exit status */
	END_SIGNAL,  /* `end_value` is the signal */
	END_TIMEOUT, /* it took longer than it may, and was killed */
	END_OUTPUT,  /* it printed more than it may, and was killed */
	END_NOT_RUN  /* it could not be executed; `end_value` is errno */
};

/* If the command was repeated: sums divided by the number of repetitions, and the largest peak. */
struct report_measured {
	enum report_end end;
	int end_value;
	double wall, user, system; /* seconds */
	uint64_t peak_kib;	   /* resident set of the largest process */
	uint64_t minor_faults, major_faults;
	uint32_t traced; /* 1 if `calls` was counted */
	uint64_t calls[CALLS];
	uint32_t samples;
	struct report_sample sample[REPORT_SAMPLES];
};

struct report {
	struct report_told told;
	struct report_measured measured;
};

#endif /* BENCH_REPORT_H */
