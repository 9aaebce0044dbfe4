/* SPDX-License-Identifier: MIT */
/*
 * bench_chart.c - the charts of `ma bench --html`, as SVG within the page.
 *
 * Each allocator has a colour (the class "aN", for which the page's style has one in light and one in dark) and a
 * shape, so that the two need not be told apart by colour alone. libma is drawn last, over the others. What
 * a mark says in numbers stands in its <title>, which browsers show under the pointer.
 */
#include <config.h>

#include "bench_chart.h"

#include <stdlib.h>
#include <string.h>

enum {
	WIDTH = 960,	   /* of the charts with rows */
	LABELS = 132,	   /* the room on the left for their names */
	RIGHT = 24,	   /* and on the right for nothing */
	ROW = 21,	   /* the height of a row */
	TOP = 26,	   /* the room above the rows, for the axis */
	SMALL_WIDTH = 310, /* the charts over time */
	SMALL_HEIGHT = 170,
	SMALL_LEFT = 44,
	SMALL_BOTTOM = 22,
	SMALL_TOP = 8,
	FEWEST_SAMPLES = 6
};

static const double mebibyte = 1 << 20;

/* A logarithmic axis from `low` at `from` to `high` at `to`. */
struct axis {
	double low, high, from, to;
};

static double place_on(const struct axis *axis, double value)
{
	double part = (log(value) - log(axis->low)) / (log(axis->high) - log(axis->low));

	return axis->from + fmin(fmax(part, 0), 1) * (axis->to - axis->from);
}

static void widen(struct axis *axis, double value)
{
	if (!isfinite(value) || value <= 0)
		return;
	axis->low = fmin(axis->low, value);
	axis->high = fmax(axis->high, value);
}

void bench_html_text(const char *text, FILE *file)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", file);
			break;
		case '<':
			fputs("&lt;", file);
			break;
		case '>':
			fputs("&gt;", file);
			break;
		case '"':
			fputs("&quot;", file);
			break;
		default:
			fputc(*text, file);
		}
	}
}

/* Draws the allocator's shape around the point, without closing it: a <title> may follow. Returns its name. */
static const char *begin_mark(const struct bench *bench, size_t allocator, double x, double y, FILE *file)
{
	double r = allocator == bench->ours ? 6 : 4.5;
	const char *kind = allocator == bench->ours ? "mark ours" : "mark";

	if (allocator == bench->ours) {
		fprintf(file, "<circle class=\"%s a%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\">", kind,
			allocator, x, y, r);
		return "circle";
	}
	switch (allocator % 4) {
	case 0:
		fprintf(file, "<circle class=\"%s a%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\">", kind,
			allocator, x, y, r);
		return "circle";
	case 1:
		fprintf(file, "<rect class=\"%s a%zu\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">",
			kind, allocator, x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
		return "rect";
	case 2:
		fprintf(file, "<path class=\"%s a%zu\" d=\"M%.1f %.1fl%.1f %.1fh%.1fz\">", kind, allocator, x,
			y - r * 1.2, r * 1.2, r * 2.1, -r * 2.4);
		return "path";
	default:
		fprintf(file, "<path class=\"%s a%zu\" d=\"M%.1f %.1fl%.1f %.1fl%.1f %.1fl%.1f %.1fz\">",
			kind, allocator, x, y - r * 1.3, r * 1.3, r * 1.3, -r * 1.3, r * 1.3, -r * 1.3,
			-r * 1.3);
		return "path";
	}
}

/* Draws the mark with a title: the allocator's name, and the text. */
static void draw_mark(const struct bench *bench, size_t allocator, double x, double y, const char *text,
		      FILE *file)
{
	const char *shape = begin_mark(bench, allocator, x, y, file);

	fprintf(file, "<title>%s: ", bench->allocators[allocator].name);
	bench_html_text(text, file);
	fprintf(file, "</title></%s>\n", shape);
}

void bench_chart_mark(const struct bench *bench, size_t allocator, FILE *file)
{
	fputs("<svg class=\"sign\" width=\"16\" height=\"16\" viewBox=\"-8 -8 16 16\" aria-hidden=\"true\">",
	      file);
	fprintf(file, "</%s></svg>", begin_mark(bench, allocator, 0, 0, file));
}

/* Returns the allocator that is the `i`th to be drawn: libma is the last. */
static size_t drawn(const struct bench *bench, size_t i)
{
	if (i == bench->allocator_count - 1)
		return bench->ours;
	return i < bench->ours ? i : i + 1;
}

static void write_tick(double value, bool is_time, FILE *file)
{
	if (!is_time)
		fprintf(file, "%.6g", value);
	else if (value < 999.5)
		fprintf(file, "%g ns", value);
	else if (value < 999.5e3)
		fprintf(file, "%g µs", value / 1e3);
	else
		fprintf(file, "%g ms", value / 1e6);
}

/* Draws an upright line with its label for each tick of the axis: as a rule, 1, 2 and 5 of each power of ten. */
static void draw_ticks(const struct axis *axis, double top, double bottom, bool is_time, FILE *file)
{
	/* Steps within a power of ten: all of them, those that are coarse, or the first. */
	static const double steps[] = {1, 1.2, 1.5, 2, 3, 4, 5, 6, 8};
	static const bool is_coarse[] = {true, false, false, true, false, false, true, false, false};
	bool sparse = axis->high / axis->low > 1000, fine = axis->high / axis->low < 4;
	unsigned count = sparse ? 1 : sizeof steps / sizeof steps[0];

	for (int power = -3; power <= 12; power++) {
		for (unsigned i = 0; i < count; i++) {
			double value = steps[i] * pow(10, power);
			double x = place_on(axis, value);

			if (value < axis->low || value > axis->high || (!fine && !is_coarse[i]))
				continue;
			fprintf(file, "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
				!is_time && power == 0 && i == 0 ? "one" : "grid", x, x, top, bottom);
			fprintf(file, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\">", x, top - 6);
			write_tick(value, is_time, file);
			fputs("</text>\n", file);
		}
	}
}

static void begin_rows(unsigned rows, const char *label, FILE *file)
{
	int height = TOP + (int)rows * ROW + 6;

	fprintf(file, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH,
		height, label);
}

static void draw_row_label(unsigned row, const char *class, const char *text, FILE *file)
{
	double y = TOP + row * ROW + ROW / 2.0;

	fprintf(file, "<text class=\"%s\" x=\"%d\" y=\"%.1f\">", class, LABELS - 12, y + 4);
	bench_html_text(text, file);
	fprintf(file, "</text><line class=\"rail\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n", LABELS,
		WIDTH - RIGHT, y, y);
}

/* The marks that are in a row already. */
struct marks {
	double y, x[BENCH_ALLOCATORS];
	unsigned count;
};

static struct marks begin_marks(unsigned row)
{
	return (struct marks){.y = TOP + row * ROW + ROW / 2.0};
}

/* Returns the height for a mark at `x`, where it does not hide another: the middle of the row, or above or below. */
static double add_to_marks(struct marks *marks, double x)
{
	static const double heights[] = {0, -5, 5, -8, 8};
	const double width = 7;
	unsigned hidden = 0;

	for (unsigned i = 0; i < marks->count; i++)
		hidden += fabs(marks->x[i] - x) < width;
	marks->x[marks->count++] = x;
	return marks->y + heights[hidden % (sizeof heights / sizeof heights[0])];
}

/* The range of all ratios, with some room on both sides. */
static struct axis axis_of_ratios(const struct bench *bench, enum bench_metric metric)
{
	struct axis axis = {0.8, 1.25, LABELS, WIDTH - RIGHT};

	for (size_t i = 0; i < bench->job_count; i++) {
		for (size_t j = 0; j < bench->allocator_count; j++) {
			if (bench->jobs[i].workload->group != GROUP_LATENCY)
				widen(&axis,
				      bench_ratios(bench, &bench->jobs[i], j, bench->base, metric).median);
		}
	}
	axis.low /= 1.05;
	axis.high *= 1.05;
	return axis;
}

static void draw_ratios(const struct bench *bench, const struct bench_job *job, enum bench_metric metric,
			const struct axis *axis, unsigned row, FILE *file)
{
	const struct bench_metric_info *info = &bench_metrics[metric];
	struct marks marks = begin_marks(row);

	for (size_t i = 0; i < bench->allocator_count; i++) {
		size_t allocator = drawn(bench, i);
		struct bench_spread ratio = bench_ratios(bench, job, allocator, bench->base, metric);
		struct bench_spread value = bench_values(bench, job, allocator, metric);
		double x = place_on(axis, ratio.median), y;
		char text[128];

		if (ratio.count == 0)
			continue;
		y = add_to_marks(&marks, x);
		snprintf(text, sizeof text, "%.2f (%.2f to %.2f), %.*f %s", ratio.median, ratio.low,
			 ratio.high, info->decimals, value.median / info->scale, info->unit);
		if (ratio.high > ratio.low)
			fprintf(file,
				"<line class=\"range a%zu\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
				allocator, place_on(axis, ratio.low), place_on(axis, ratio.high), y, y);
		draw_mark(bench, allocator, x, y, text, file);
	}
}

static void draw_means(const struct bench *bench, enum bench_metric metric, enum bench_group group,
		       const struct axis *axis, unsigned row, FILE *file)
{
	struct marks marks = begin_marks(row);

	for (size_t i = 0; i < bench->allocator_count; i++) {
		size_t allocator = drawn(bench, i);
		double mean = bench_mean(bench, allocator, bench->base, metric, group);
		char text[64];

		snprintf(text, sizeof text, "%.3f, the geometric mean", mean);
		if (isfinite(mean))
			draw_mark(bench, allocator, place_on(axis, mean),
				  add_to_marks(&marks, place_on(axis, mean)), text, file);
	}
}

static unsigned count_of_group(const struct bench *bench, enum bench_group group)
{
	unsigned count = 0;

	for (size_t i = 0; i < bench->job_count; i++)
		count += bench->jobs[i].results != NULL && bench->jobs[i].workload->group == group;
	return count;
}

/* Whether the group has a row for its mean. */
static bool has_mean(const struct bench *bench, enum bench_metric metric, enum bench_group group)
{
	return count_of_group(bench, group) > 1 &&
	       isfinite(bench_mean(bench, bench->base, bench->base, metric, group));
}

/* The rows of a group: its jobs, and, if there are several, their mean. Returns the next row. */
static unsigned draw_group(const struct bench *bench, enum bench_metric metric, enum bench_group group,
			   const struct axis *axis, unsigned row, FILE *file)
{
	char name[64];

	for (size_t i = 0; i < bench->job_count; i++) {
		const struct bench_job *job = &bench->jobs[i];

		if (job->results == NULL || job->workload->group != group)
			continue;
		draw_row_label(row, "name", job->workload->name, file);
		draw_ratios(bench, job, metric, axis, row++, file);
	}
	if (!has_mean(bench, metric, group))
		return row;
	snprintf(name, sizeof name, "mean, %s", bench_group_names[group]);
	draw_row_label(row, "name mean", name, file);
	draw_means(bench, metric, group, axis, row++, file);
	return row;
}

void bench_chart_ratios(const struct bench *bench, enum bench_metric metric, FILE *file)
{
	struct axis axis = axis_of_ratios(bench, metric);
	unsigned rows = 1, row = 0;

	for (int group = 0; group < GROUPS; group++) {
		if (group != GROUP_LATENCY)
			rows += count_of_group(bench, (enum bench_group)group) +
				has_mean(bench, metric, (enum bench_group)group);
	}
	begin_rows(rows, bench_metrics[metric].title, file);
	draw_ticks(&axis, TOP, TOP + rows * ROW, false, file);
	for (int group = 0; group < GROUPS; group++) {
		if (group != GROUP_LATENCY)
			row = draw_group(bench, metric, (enum bench_group)group, &axis, row, file);
	}
	draw_row_label(row, "name mean", "mean, all", file);
	draw_means(bench, metric, GROUPS, &axis, row, file);
	fputs("</svg>\n", file);
}

enum {
	OVERVIEW_WIDTH = 680,
	OVERVIEW_HEIGHT = 360,
	OVERVIEW_LEFT = 60,
	OVERVIEW_BOTTOM = 44,
	LABEL_ROOM = 100
};

/* Lines across for 0.1, 0.2, ... 2, 2.5, ... 12, 13, ... */
static void draw_overview_grid(const struct axis *x, const struct axis *y, FILE *file)
{
	for (unsigned i = 1; i <= 80; i++) {
		double value = i < 20 ? i / 10.0 : i < 40 ? (i - 16) / 2.0 : i - 28.0;
		const char *kind = i == 10 ? "one" : "grid";

		if (value >= x->low && value <= x->high)
			fprintf(file,
				"<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
				"<text class=\"tick\" x=\"%.1f\" y=\"%.1f\">%g</text>\n",
				kind, place_on(x, value), place_on(x, value), y->to, y->from,
				place_on(x, value), y->from + 16, value);
		if (value >= y->low && value <= y->high)
			fprintf(file,
				"<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
				"<text class=\"name\" x=\"%.1f\" y=\"%.1f\">%g</text>\n",
				kind, x->from, x->to, place_on(y, value), place_on(y, value), x->from - 8,
				place_on(y, value) + 4, value);
	}
}

/* Where the labels drawn so far are. */
struct labels {
	double x[BENCH_ALLOCATORS], y[BENCH_ALLOCATORS];
	unsigned count;
};

/* Returns a height near `y` at which a label beginning at `x` does not lie over another. */
static double free_height(const struct labels *labels, double x, double y)
{
	const double line = 13;

	for (unsigned i = 0; i < labels->count; i++) {
		if (fabs(labels->x[i] - x) < LABEL_ROOM * 0.8 && fabs(labels->y[i] - y) < line)
			return free_height(labels, x, labels->y[i] + line);
	}
	return y;
}

void bench_chart_overview(const struct bench *bench, FILE *file)
{
	struct axis x = {0.9, 1.1, OVERVIEW_LEFT, OVERVIEW_WIDTH - LABEL_ROOM};
	struct axis y = {0.9, 1.1, OVERVIEW_HEIGHT - OVERVIEW_BOTTOM, 20};
	struct labels labels = {.count = 0};

	for (size_t i = 0; i < bench->allocator_count; i++) {
		for (double margin = 0.95; margin < 1.1; margin += 0.1) {
			widen(&x, bench_mean(bench, i, bench->base, METRIC_WALL, GROUPS) * margin);
			widen(&y, bench_mean(bench, i, bench->base, METRIC_RSS, GROUPS) * margin);
		}
	}
	fprintf(file,
		"<svg class=\"chart narrow\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"overview\">\n",
		OVERVIEW_WIDTH, OVERVIEW_HEIGHT);
	draw_overview_grid(&x, &y, file);
	fprintf(file, "<text class=\"tick\" x=\"%.1f\" y=\"%d\">wall time, relative to %s</text>",
		(x.from + x.to) / 2, OVERVIEW_HEIGHT - 8, bench->allocators[bench->base].name);
	fprintf(file,
		"<text class=\"tick\" transform=\"translate(14 %.1f) rotate(-90)\">peak memory</text>\n",
		(y.from + y.to) / 2);
	for (size_t i = bench->allocator_count; i-- > 0;) {
		size_t allocator = drawn(bench, i);
		double wall = bench_mean(bench, allocator, bench->base, METRIC_WALL, GROUPS);
		double rss = bench_mean(bench, allocator, bench->base, METRIC_RSS, GROUPS);
		double label_x = place_on(&x, wall) + 10;
		double label_y = free_height(&labels, label_x, place_on(&y, rss) + 4);
		char text[64];

		if (!isfinite(wall) || !isfinite(rss))
			continue;
		snprintf(text, sizeof text, "time %.2f, memory %.2f", wall, rss);
		draw_mark(bench, allocator, place_on(&x, wall), place_on(&y, rss), text, file);
		fprintf(file, "<text class=\"label a%zu%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", allocator,
			allocator == bench->ours ? " ours" : "", label_x, label_y,
			bench->allocators[allocator].name);
		labels.x[labels.count] = label_x;
		labels.y[labels.count++] = label_y;
	}
	fputs("</svg>\n", file);
}

void bench_chart_latency(const struct bench *bench, const struct bench_job *job, FILE *file)
{
	struct axis axis = {10, 100, LABELS, WIDTH - RIGHT};
	unsigned row = 0;

	for (unsigned metric = METRIC_MALLOC_P50; metric <= METRIC_FREE_MAX; metric++) {
		for (size_t i = 0; i < bench->allocator_count; i++)
			widen(&axis, bench_values(bench, job, i, (enum bench_metric)metric).median);
	}
	begin_rows(METRIC_FREE_MAX - METRIC_MALLOC_P50 + 1, job->workload->name, file);
	draw_ticks(&axis, TOP, TOP + (METRIC_FREE_MAX - METRIC_MALLOC_P50 + 1) * ROW, true, file);
	for (unsigned metric = METRIC_MALLOC_P50; metric <= METRIC_FREE_MAX; metric++, row++) {
		struct marks marks = begin_marks(row);

		draw_row_label(row, "name", bench_metrics[metric].title, file);
		for (size_t i = 0; i < bench->allocator_count; i++) {
			size_t allocator = drawn(bench, i);
			double value = bench_values(bench, job, allocator, (enum bench_metric)metric).median;
			char text[64];

			snprintf(text, sizeof text, "%s %.0f ns", bench_metrics[metric].title, value);
			if (isfinite(value))
				draw_mark(bench, allocator, place_on(&axis, value),
					  add_to_marks(&marks, place_on(&axis, value)), text, file);
		}
	}
	fputs("</svg>\n", file);
}

/* The largest values of a chart over time. */
struct extent {
	double seconds, bytes;
};

static struct extent extent_of(const struct bench *bench, const struct bench_job *job)
{
	struct extent extent = {0, 0};

	for (size_t i = 0; i < bench->allocator_count; i++) {
		const struct bench_result *result = &job->results[i];

		for (uint32_t j = 0; j < result->samples; j++) {
			extent.seconds = fmax(extent.seconds, (double)result->sample[j].time);
			extent.bytes = fmax(extent.bytes, (double)result->sample[j].resident);
			extent.bytes = fmax(extent.bytes, (double)result->sample[j].live);
		}
	}
	return extent;
}

bool bench_has_memory(const struct bench *bench, const struct bench_job *job)
{
	if (job->results == NULL || job->workload->group == GROUP_START)
		return false;
	for (size_t i = 0; i < bench->allocator_count; i++) {
		if (job->results[i].samples >= FEWEST_SAMPLES)
			return extent_of(bench, job).bytes > 0;
	}
	return false;
}

static double small_x(const struct extent *extent, double seconds)
{
	return SMALL_LEFT + seconds / extent->seconds * (SMALL_WIDTH - SMALL_LEFT - 6);
}

static double small_y(const struct extent *extent, double bytes)
{
	double height = SMALL_HEIGHT - SMALL_BOTTOM - SMALL_TOP;

	return SMALL_TOP + height - bytes / extent->bytes * height;
}

/* Returns a round number of which `most` is 2 to 5 times as much. */
static double round_step(double most)
{
	double power = pow(10, floor(log10(most)));

	return most / power >= 5 ? 2 * power : most / power >= 2 ? power : power / 2;
}

static void draw_small_axes(const struct extent *extent, FILE *file)
{
	double step = round_step(extent->bytes / mebibyte);
	double tick = round_step(extent->seconds);

	for (double value = 0; value <= extent->bytes / mebibyte; value += step) {
		double y = small_y(extent, value * mebibyte);

		fprintf(file,
			"<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text class=\"name\" x=\"%d\" y=\"%.1f\">%.3g</text>",
			SMALL_LEFT, SMALL_WIDTH - 6, y, y, SMALL_LEFT - 6, y + 4, value);
	}
	for (double value = tick; value <= extent->seconds; value += tick)
		fprintf(file, "<text class=\"tick\" x=\"%.1f\" y=\"%d\">%.3g s</text>",
			small_x(extent, value), SMALL_HEIGHT - 5, value);
	fputc('\n', file);
}

/* The live bytes of libma's run, as an area behind the lines. */
static void draw_live(const struct bench_result *result, const struct extent *extent, FILE *file)
{
	if (result->samples == 0 || result->sample[result->samples / 2].live == 0)
		return;
	fprintf(file, "<path class=\"live\" d=\"M%.1f %.1f", small_x(extent, (double)result->sample[0].time),
		small_y(extent, 0));
	for (uint32_t i = 0; i < result->samples; i++)
		fprintf(file, "L%.1f %.1f", small_x(extent, (double)result->sample[i].time),
			small_y(extent, (double)result->sample[i].live));
	fprintf(file, "V%.1fz\"><title>live bytes, as the workload counts them</title></path>\n",
		small_y(extent, 0));
}

void bench_chart_memory(const struct bench *bench, const struct bench_job *job, FILE *file)
{
	struct extent extent = extent_of(bench, job);

	fprintf(file, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"memory over time\">\n",
		SMALL_WIDTH, SMALL_HEIGHT);
	draw_small_axes(&extent, file);
	draw_live(&job->results[bench->ours], &extent, file);
	for (size_t i = 0; i < bench->allocator_count; i++) {
		size_t allocator = drawn(bench, i);
		const struct bench_result *result = &job->results[allocator];

		if (result->samples < 2)
			continue;
		fprintf(file, "<polyline class=\"line a%zu%s\" points=\"", allocator,
			allocator == bench->ours ? " ours" : "");
		for (uint32_t j = 0; j < result->samples; j++)
			fprintf(file, "%.1f,%.1f ", small_x(&extent, (double)result->sample[j].time),
				small_y(&extent, (double)result->sample[j].resident));
		fprintf(file, "\"><title>%s</title></polyline>\n", bench->allocators[allocator].name);
	}
	fputs("</svg>\n", file);
}
