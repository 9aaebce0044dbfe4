/* SPDX-License-Identifier: MIT */
/*
 * bench_table.c - the results of `ma bench` for a terminal.
 *
 * Colours and bars of block characters on a terminal that can show them; otherwise plain text, which is to be
 * read by people as well, and not by programs: these have JSON and CSV.
 */
#include <config.h>

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench.h"
#include "message.h"

enum { NAME_WIDTH = 18, CELL_WIDTH = 11, BAR_WIDTH = 24, LONGEST_CELL = 64, EIGHTHS = 8 };

/* Ratios nearer to the best one than this are as good, and further from it than that are bad. */
static const double as_good = 1.02, bad = 1.25;

struct style {
	const char *bold, *dim, *good, *bad, *ours, *normal;
	const char *plus_minus, *micro;
	bool blocks; /* bars are of block characters */
};

static struct style find_style(void)
{
	bool unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	struct style style = {"", "", "", "", "", "", "~", "u", false};

	if (unicode) {
		style.plus_minus = "±";
		style.micro = "µ";
	}
	if (!isatty(STDOUT_FILENO))
		return style;
	style.blocks = unicode;
	if (!has_colours(stdout))
		return style;
	style.bold = "\033[1m";
	style.dim = "\033[2m";
	style.good = "\033[32m";
	style.bad = "\033[31m";
	style.ours = "\033[36m";
	style.normal = "\033[0m";
	return style;
}

char *bench_machine(void)
{
	char line[256], model[256] = "unknown processor";
	FILE *file = fopen("/proc/cpuinfo", "re");
	struct utsname system;

	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		const char *value = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || value == NULL)
			continue;
		snprintf(model, sizeof model, "%s", value + 1 + strspn(value + 1, " "));
		model[strcspn(model, "\n")] = '\0';
		break;
	}
	if (file != NULL)
		fclose(file);
	uname(&system);
	return text_format("%s, %ld processors, %s %s, %s", model, sysconf(_SC_NPROCESSORS_ONLN),
			   system.sysname, system.release, system.machine);
}

/* Returns how many bytes the text has more than letters. */
static int extra_bytes(const char *text)
{
	int extra = 0;

	for (; *text != '\0'; text++)
		extra += ((unsigned char)*text & 0xC0) == 0x80;
	return extra;
}

/* Prints the text right-aligned. */
static void print_cell(const char *colour, const char *text, const struct style *style)
{
	printf("%s%*s%s", colour, CELL_WIDTH + extra_bytes(text), text, *colour != '\0' ? style->normal : "");
}

static void format_nanoseconds(char text[LONGEST_CELL], double value, const struct style *style)
{
	if (value < 9999.5)
		snprintf(text, LONGEST_CELL, "%.0f ns", value);
	else if (value < 9999.5e3)
		snprintf(text, LONGEST_CELL, "%.0f %ss", value / 1e3, style->micro);
	else
		snprintf(text, LONGEST_CELL, "%.0f ms", value / 1e6);
}

static void format_value(char text[LONGEST_CELL], enum bench_metric metric, double value,
			 const struct style *style)
{
	const struct bench_metric_info *info = &bench_metrics[metric];

	if (strcmp(info->unit, "ns") == 0)
		format_nanoseconds(text, value, style);
	else
		snprintf(text, LONGEST_CELL, "%.*f%s%s", info->decimals, value / info->scale,
			 *info->unit != '\0' ? " " : "", info->unit);
}

static void format_ratio(char text[LONGEST_CELL], const struct bench_spread *ratio, const struct style *style)
{
	double half = (ratio->high - ratio->low) / 2;

	if (ratio->count < 2)
		snprintf(text, LONGEST_CELL, "%.2f    ", ratio->median);
	else if (half < 0.995)
		snprintf(text, LONGEST_CELL, "%.2f%s.%02d", ratio->median, style->plus_minus,
			 (int)(half * 100 + 0.5));
	else
		snprintf(text, LONGEST_CELL, "%.2f%s%.0f ", ratio->median, style->plus_minus, half);
}

/* Returns the colour for a value, where `best` is the best of its row. */
static const char *colour_of(const struct style *style, enum bench_metric metric, double value, double best)
{
	double worse = bench_metrics[metric].more_is_better ? best / value : value / best;

	return worse <= as_good ? style->good : worse >= bad ? style->bad : "";
}

/* Returns the best of the allocators' values, or ratios to the base, in the row of the job. */
static double best_of_row(const struct bench *bench, const struct bench_job *job, enum bench_metric metric,
			  bool as_ratio)
{
	double best = NAN;

	for (size_t i = 0; i < bench->allocator_count; i++) {
		double value = as_ratio ? bench_ratios(bench, job, i, bench->base, metric).median
					: bench_values(bench, job, i, metric).median;

		if (isfinite(value) &&
		    (!isfinite(best) || (bench_metrics[metric].more_is_better ? value > best : value < best)))
			best = value;
	}
	return best;
}

static void print_value(const struct bench *bench, const struct bench_job *job, size_t allocator,
			enum bench_metric metric, bool as_ratio, const struct style *style)
{
	struct bench_spread spread = as_ratio ? bench_ratios(bench, job, allocator, bench->base, metric)
					      : bench_values(bench, job, allocator, metric);
	double best = best_of_row(bench, job, metric, as_ratio);
	char text[LONGEST_CELL];

	if (job->results[allocator].failure != NULL) {
		print_cell(style->bad, "failed", style);
		return;
	}
	if (spread.count == 0) {
		print_cell(style->dim, "-", style);
		return;
	}
	if (as_ratio)
		format_ratio(text, &spread, style);
	else
		format_value(text, metric, spread.median, style);
	print_cell(colour_of(style, metric, spread.median, best), text, style);
}

/* Prints the heads of the columns: the base comes first if `base_first`. */
static void print_heads(const struct bench *bench, const char *title, bool base_first,
			const struct style *style)
{
	printf("%s%-*s%s", style->bold, NAME_WIDTH, title, style->normal);
	if (base_first)
		printf("%s%*.*s%s", style->bold, CELL_WIDTH, CELL_WIDTH - 1,
		       bench->allocators[bench->base].name, style->normal);
	for (size_t i = 0; i < bench->allocator_count; i++) {
		if (!base_first || i != bench->base)
			printf("%s%s%*.*s%s", style->bold, i == bench->ours ? style->ours : "", CELL_WIDTH,
			       CELL_WIDTH - 1, bench->allocators[i].name, style->normal);
	}
	putchar('\n');
}

/* Prints the geometric means of the group, or of all if it is GROUPS. */
static void print_means(const struct bench *bench, enum bench_metric metric, enum bench_group group,
			const struct style *style)
{
	char name[NAME_WIDTH + 1];
	double best = bench_mean(bench, bench->base, bench->base, metric, group);

	if (!isfinite(best))
		return;
	for (size_t i = 0; i < bench->allocator_count; i++)
		best = fmin(best, bench_mean(bench, i, bench->base, metric, group));
	snprintf(name, sizeof name, "mean, %s", group == GROUPS ? "all" : bench_group_names[group]);
	printf("%s%-*s%*s%s", style->bold, NAME_WIDTH, name, CELL_WIDTH, "1.00", style->normal);
	for (size_t i = 0; i < bench->allocator_count; i++) {
		double mean = bench_mean(bench, i, bench->base, metric, group);
		char text[LONGEST_CELL];

		if (i == bench->base)
			continue;
		snprintf(text, sizeof text, "%.2f    ", mean);
		printf("%s", style->bold);
		print_cell(colour_of(style, metric, mean, best), text, style);
	}
	printf("%s\n", style->normal);
}

static void print_ratio_row(const struct bench *bench, const struct bench_job *job, enum bench_metric metric,
			    const struct style *style)
{
	printf("%-*s", NAME_WIDTH, job->workload->name);
	print_value(bench, job, bench->base, metric, false, style);
	for (size_t i = 0; i < bench->allocator_count; i++) {
		if (i != bench->base)
			print_value(bench, job, i, metric, true, style);
	}
	putchar('\n');
}

/* Prints the rows of the group's jobs, and their means. Returns how many there are. */
static unsigned print_group(const struct bench *bench, enum bench_metric metric, enum bench_group group,
			    const struct style *style)
{
	unsigned rows = 0;

	for (size_t i = 0; i < bench->job_count; i++) {
		const struct bench_job *job = &bench->jobs[i];

		if (job->workload->group != group || job->results == NULL)
			continue;
		print_ratio_row(bench, job, metric, style);
		rows++;
	}
	if (rows > 1)
		print_means(bench, metric, group, style);
	return rows;
}

/* The table of one metric: ratios to the base, whose own values come first. */
static void print_ratios(const struct bench *bench, enum bench_metric metric, const struct style *style)
{
	unsigned groups = 0;

	printf("\n%s%s%s: %s's own, and ratios to it; less is better\n\n", style->bold,
	       bench_metrics[metric].title, style->normal, bench->allocators[bench->base].name);
	print_heads(bench, "", true, style);
	for (int group = 0; group < GROUPS; group++) {
		/* The time of a workload that looks at its clock all the time says little. */
		if (group != GROUP_LATENCY)
			groups += print_group(bench, metric, (enum bench_group)group, style) > 0;
	}
	if (groups > 1)
		print_means(bench, metric, GROUPS, style);
}

/* Whether the metric is to be shown for the job, among those that are compared as they are. */
static bool is_shown(const struct bench *bench, const struct bench_job *job, enum bench_metric metric)
{
	if (!bench_has_metric(bench, job, metric))
		return false;
	/* Every workload of ours has this one; it is what those of the group are for. */
	return metric != METRIC_OVER_LIVE || bench->metrics[metric] || job->workload->group == GROUP_MEMORY;
}

static void print_figure_row(const struct bench *bench, const struct bench_job *job, enum bench_metric metric,
			     const struct style *style)
{
	const char *title = bench_metrics[metric].title;

	if (strlen(title) > NAME_WIDTH - 2)
		printf("  %s%s\n%*s", title, bench_metrics[metric].more_is_better ? " (more is better)" : "",
		       NAME_WIDTH, "");
	else
		printf("  %-*s", NAME_WIDTH - 2, title);
	for (size_t i = 0; i < bench->allocator_count; i++)
		print_value(bench, job, i, metric, false, style);
	putchar('\n');
}

/* The metrics that are compared as they are, for the jobs that have them. */
static void print_figures(const struct bench *bench, enum bench_metric first, enum bench_metric last,
			  const char *title, const struct style *style)
{
	bool any = false;

	for (size_t i = 0; i < bench->job_count; i++) {
		const struct bench_job *job = &bench->jobs[i];
		bool named = false;

		for (unsigned metric = first; metric <= (unsigned)last; metric++) {
			if (!is_shown(bench, job, (enum bench_metric)metric))
				continue;
			if (!any) {
				printf("\n%s%s%s\n\n", style->bold, title, style->normal);
				print_heads(bench, "", false, style);
			}
			if (!named)
				printf("%s:\n", job->workload->name);
			any = named = true;
			print_figure_row(bench, job, (enum bench_metric)metric, style);
		}
	}
}

/* Prints a bar for `part` of the full width. */
static void print_bar(double part, const struct style *style)
{
	static const char *const blocks[EIGHTHS] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	unsigned eighths = (unsigned)(fmin(fmax(part, 0), 1) * BAR_WIDTH * EIGHTHS + 0.5);
	unsigned width = style->blocks ? eighths / EIGHTHS : (eighths + EIGHTHS / 2) / EIGHTHS;

	for (unsigned i = 0; i < width; i++)
		fputs(style->blocks ? "█" : "#", stdout);
	if (style->blocks && eighths % EIGHTHS != 0) {
		fputs(blocks[eighths % EIGHTHS], stdout);
		width++;
	}
	printf("%*s", (int)(BAR_WIDTH - width), "");
}

static void print_mean_bar(const struct bench *bench, size_t allocator, enum bench_metric metric, double most,
			   const struct style *style)
{
	double mean = bench_mean(bench, allocator, bench->base, metric, GROUPS);

	printf("%5.2f  %s", mean, allocator == bench->ours ? style->ours : "");
	print_bar(mean / most, style);
	printf("%s", style->normal);
}

/* Means over all workloads as bars. */
static void print_summary(const struct bench *bench, const struct style *style)
{
	double most_wall = 0, most_rss = 0;

	for (size_t i = 0; i < bench->allocator_count; i++) {
		most_wall = fmax(most_wall, bench_mean(bench, i, bench->base, METRIC_WALL, GROUPS));
		most_rss = fmax(most_rss, bench_mean(bench, i, bench->base, METRIC_RSS, GROUPS));
	}
	if (most_wall <= 0)
		return;
	printf("\n%sGeometric means over all workloads%s, relative to %s; less is better\n\n", style->bold,
	       style->normal, bench->allocators[bench->base].name);
	printf("%-*s       %-*s       %s\n", NAME_WIDTH, "", BAR_WIDTH, bench_metrics[METRIC_WALL].title,
	       bench_metrics[METRIC_RSS].title);
	for (size_t i = 0; i < bench->allocator_count; i++) {
		printf("%s%-*s%s", i == bench->ours ? style->ours : "", NAME_WIDTH, bench->allocators[i].name,
		       style->normal);
		print_mean_bar(bench, i, METRIC_WALL, most_wall, style);
		print_mean_bar(bench, i, METRIC_RSS, most_rss, style);
		putchar('\n');
	}
}

/* Prints libma's ratio to the best peer's mean, and the workload at which it does worst beside the best peer
 * there. */
static void print_standing(const struct bench *bench, enum bench_metric metric, enum bench_group group,
			   const struct style *style)
{
	size_t best = bench_best_mean(bench, metric, group);
	const struct bench_job *worst_job = NULL;
	double worst = 0, mean;

	if (best == SIZE_MAX)
		return;
	mean = bench_mean(bench, bench->ours, best, metric, group);
	printf("  %-22s %-9s %s%.2f%s of %s", bench_metrics[metric].title,
	       group == GROUPS ? "all" : bench_group_names[group], mean <= 1 ? style->good : style->bad, mean,
	       style->normal, bench->allocators[best].name);
	for (size_t i = 0; i < bench->job_count; i++) {
		const struct bench_job *job = &bench->jobs[i];
		size_t peer = bench_best_peer(bench, job, metric);
		double ratio;

		if (peer == SIZE_MAX ||
		    (group == GROUPS ? (job->workload->flags & APART) != 0 : job->workload->group != group))
			continue;
		ratio = bench_ratios(bench, job, bench->ours, peer, metric).median;
		if (ratio > worst) {
			worst = ratio;
			worst_job = job;
		}
	}
	if (worst_job != NULL)
		printf("; at worst %.2f of %s, at %s", worst,
		       bench->allocators[bench_best_peer(bench, worst_job, metric)].name,
		       worst_job->workload->name);
	putchar('\n');
}

static void print_notes(const struct bench *bench, const struct style *style)
{
	for (size_t i = 0; i < bench->job_count; i++) {
		const struct bench_job *job = &bench->jobs[i];

		if (job->skipped != NULL)
			printf("%sskipped%s: %s: %s\n", style->dim, style->normal, job->workload->name,
			       job->skipped);
		for (size_t j = 0; j < bench->allocator_count && job->results != NULL; j++) {
			if (job->results[j].failure == NULL)
				continue;
			printf("%sfailed%s: %s, %s: ", style->bad, style->normal, job->workload->name,
			       bench->allocators[j].name);
			write_visible(job->results[j].failure, stdout);
			putchar('\n');
		}
	}
}

void bench_print_tables(const struct bench *bench)
{
	struct style style = find_style();
	char *machine = bench_machine();

	printf("%slibma %s and %zu other%s%s, %u run%s each, in %u min %u s\n%s\n", style.bold,
	       PACKAGE_VERSION, bench->allocator_count - 1, bench->allocator_count == 2 ? "" : "s",
	       style.normal, bench->rounds, bench->rounds == 1 ? "" : "s", bench->seconds / 60,
	       bench->seconds % 60, machine);
	free(machine);
	for (unsigned metric = 0; metric < METRICS; metric++) {
		if (bench->metrics[metric] && !bench_metrics[metric].is_ratio)
			print_ratios(bench, (enum bench_metric)metric, &style);
	}
	print_figures(bench, METRIC_OVER_LIVE, METRIC_BLOCKS, "What the workloads tell", &style);
	print_figures(bench, METRIC_MALLOC_P50, METRIC_FREE_MAX, "Time that one call takes, in ns", &style);
	print_summary(bench, &style);
	if (bench_best_mean(bench, METRIC_WALL, GROUPS) != SIZE_MAX) {
		printf("\n%slibma beside the best of the others%s\n\n", style.bold, style.normal);
		print_standing(bench, METRIC_WALL, GROUPS, &style);
		print_standing(bench, METRIC_WALL, GROUP_PROGRAMS, &style);
		print_standing(bench, METRIC_RSS, GROUPS, &style);
		print_standing(bench, METRIC_RSS, GROUP_PROGRAMS, &style);
	}
	putchar('\n');
	print_notes(bench, &style);
}
