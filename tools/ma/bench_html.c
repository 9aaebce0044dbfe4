/* SPDX-License-Identifier: MIT */
/*
 * bench_html.c - the results of `ma bench` as one page: charts, and all numbers in tables.
 *
 * The page needs nothing but itself and has no scripts: the boxes of the legend, which hide an allocator, are style
 * alone. Its colours follow the reader's choice of light or dark; see bench_chart.c for the charts.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "bench_chart.h"

/* A colour for each allocator, by its place in the list: legible on white, and on nearly black. */
static const struct {
	const char *light, *dark;
} colours[BENCH_ALLOCATORS] = {
	{"#0b57d0", "#6cb2ff"}, {"#57606a", "#a8b3bf"}, {"#bc4c00", "#ffa657"}, {"#1a7f37", "#56d364"},
	{"#8250df", "#c8a2ff"}, {"#bf3989", "#ff80c8"}, {"#0a7f83", "#3fd0d8"}, {"#7d5a00", "#e0b84c"},
	{"#a40e26", "#ff8a80"}, {"#5a6b00", "#c6d64a"}, {"#00558b", "#8ecbff"}, {"#6e2a8f", "#e3a0ff"},
	{"#8a3b12", "#f0a37a"}, {"#006b4f", "#5fe0b5"}, {"#444c9c", "#aab4ff"}, {"#7a2048", "#ff9ec2"},
};

static const char style[] =
	":root{color-scheme:light dark;--back:#fff;--text:#1f2328;--weak:#59636e;--line:#d1d9e0;--panel:#f6f8fa;"
	"--live:#dbe3ea;--good:#116329;--bad:#a40e26}\n"
	"@media(prefers-color-scheme:dark){:root{--back:#0d1117;--text:#e6edf3;--weak:#9aa5b1;--line:#30363d;"
	"--panel:#161b22;--live:#2a323b;--good:#56d364;--bad:#ff8a80}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;max-width:1040px;padding:0 20px 60px;background:var(--back);color:var(--text);"
	"font:15px/1.5 system-ui,sans-serif}\n"
	"h1{font-size:26px;margin:28px 0 4px}h2{font-size:20px;margin:44px 0 4px}h3{font-size:14px;margin:0}\n"
	"p{margin:4px 0 14px;color:var(--weak);max-width:72ch}\n"
	"svg{display:block;width:100%;height:auto}.narrow{max-width:690px}.sign{display:inline;width:16px;"
	"height:16px;vertical-align:-3px}\n"
	"svg text{fill:var(--text);font:12px system-ui,sans-serif}.tick{text-anchor:middle}.name{text-anchor:end}\n"
	"svg .tick,svg .name{fill:var(--weak)}svg .mean{fill:var(--text);font-weight:700}\n"
	".grid,.rail{stroke:var(--line)}.rail{stroke-dasharray:1 3}.one{stroke:var(--weak)}\n"
	".mark{stroke:var(--back);fill:var(--c)}svg .label{fill:var(--c)}svg .ours{font-weight:700}\n"
	".line{fill:none;stroke:var(--c);stroke-width:1.5}.line.ours{stroke-width:2.5}\n"
	".range{stroke:var(--c);stroke-width:2;opacity:.55}.live{fill:var(--live)}\n"
	".legend{position:sticky;top:0;display:flex;flex-wrap:wrap;gap:4px 18px;padding:10px 0;"
	"background:var(--back);border-bottom:1px solid var(--line);z-index:1}\n"
	".legend label{cursor:pointer;white-space:nowrap}.legend input{margin:0 4px 0 0;vertical-align:-1px}\n"
	".grid-of-charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(290px,1fr));gap:18px}\n"
	".wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px}\n"
	"th,td{padding:3px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}\n"
	"th:first-child,td:first-child{text-align:left}thead th{border-bottom:2px solid var(--line)}\n"
	"td.best{font-weight:700;color:var(--good)}td.failed{color:var(--bad)}tr.mean td{font-weight:700}\n"
	"details{margin:10px 0}summary{cursor:pointer;font-weight:600}\n";

static void write_style(const struct bench *bench, FILE *file)
{
	fputs("<style>\n", file);
	fputs(style, file);
	for (size_t i = 0; i < bench->allocator_count; i++) {
		fprintf(file, ".a%zu{--c:%s}", i, colours[i].light);
		fprintf(file, "@media(prefers-color-scheme:dark){.a%zu{--c:%s}}", i, colours[i].dark);
		fprintf(file, "body:has(#show%zu:not(:checked)) svg:not(.sign) .a%zu{display:none}\n", i, i);
	}
	fputs("</style>\n", file);
}

static void write_head(const struct bench *bench, FILE *file)
{
	char *machine = bench_machine();
	char date[32];
	time_t now = time(NULL);
	struct tm parts;

	strftime(date, sizeof date, "%Y-%m-%d", localtime_r(&now, &parts));
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<title>ma bench</title>\n",
	      file);
	write_style(bench, file);
	fprintf(file,
		"</head>\n<body>\n<h1>libma %s beside %zu other allocators</h1>\n<p>%u run%s of each workload under "
		"each allocator%s, in %u min %u s, on %s. ",
		PACKAGE_VERSION, bench->allocator_count - 1, bench->rounds, bench->rounds == 1 ? "" : "s",
		bench->options.quick ? " (<code>--quick</code>: with less work than usual)" : "",
		bench->seconds / 60, bench->seconds % 60, date);
	bench_html_text(machine, file);
	fprintf(file,
		".<br>Ratios are to %s, run by run: 0.50 is half of its time or memory. Marks are medians, lines the "
		"middle half of all runs. Point at a mark for its numbers.</p>\n",
		bench->allocators[bench->base].name);
	free(machine);
}

static void write_legend(const struct bench *bench, FILE *file)
{
	fputs("<div class=\"legend\">\n", file);
	for (size_t i = 0; i < bench->allocator_count; i++) {
		fprintf(file, "<label title=\"");
		bench_html_text(bench->allocators[i].path, file);
		fprintf(file, "\"><input type=\"checkbox\" id=\"show%zu\" checked>", i);
		bench_chart_mark(bench, i, file);
		fprintf(file, " %s%s%s</label>\n", i == bench->ours ? "<b>" : "", bench->allocators[i].name,
			i == bench->ours ? "</b>" : "");
	}
	fputs("</div>\n", file);
}

/* Writes a cell with the number, or a dash. */
static void write_cell(const struct bench_metric_info *info, double value, bool best, FILE *file)
{
	if (isfinite(value))
		fprintf(file, "<td%s>%.*f</td>", best ? " class=\"best\"" : "", info->decimals,
			value / info->scale);
	else
		fputs("<td>–</td>", file);
}

static void write_row(const struct bench *bench, const struct bench_job *job, enum bench_metric metric,
		      FILE *file)
{
	const struct bench_metric_info *info = &bench_metrics[metric];
	double best = NAN;

	for (size_t i = 0; i < bench->allocator_count; i++) {
		double value = bench_values(bench, job, i, metric).median;

		best = info->more_is_better ? fmax(best, value) : fmin(best, value);
	}
	fprintf(file, "<tr><td>%s</td>", job->workload->name);
	for (size_t i = 0; i < bench->allocator_count; i++) {
		double value = bench_values(bench, job, i, metric).median;

		if (job->results[i].failure != NULL) {
			fputs("<td class=\"failed\" title=\"", file);
			bench_html_text(job->results[i].failure, file);
			fputs("\">failed</td>", file);
		} else {
			write_cell(info, value, isfinite(value) && value >= best && value <= best, file);
		}
	}
	fputs("</tr>\n", file);
}

static void write_table(const struct bench *bench, enum bench_metric metric, FILE *file)
{
	const struct bench_metric_info *info = &bench_metrics[metric];
	bool any = false;

	for (size_t i = 0; i < bench->job_count; i++) {
		if (!bench_has_metric(bench, &bench->jobs[i], metric))
			continue;
		if (!any) {
			fprintf(file,
				"<details><summary>%s%s%s%s</summary><div class=\"wide\"><table>\n<thead><tr><th></th>",
				info->title, *info->unit != '\0' ? ", " : "", info->unit,
				info->more_is_better ? " (more is better)" : "");
			for (size_t j = 0; j < bench->allocator_count; j++)
				fprintf(file, "<th>%s</th>", bench->allocators[j].name);
			fputs("</tr></thead>\n", file);
		}
		any = true;
		write_row(bench, &bench->jobs[i], metric, file);
	}
	if (any)
		fputs("</table></div></details>\n", file);
}

static void write_memory(const struct bench *bench, FILE *file)
{
	bool any = false;

	for (size_t i = 0; i < bench->job_count; i++) {
		if (!bench_has_memory(bench, &bench->jobs[i]))
			continue;
		if (!any)
			fputs("<h2>Memory over time</h2>\n<p>Resident anonymous memory, in MiB, in the first run. The area "
			      "is what the workload itself holds at that time under libma: live bytes.</p>\n"
			      "<div class=\"grid-of-charts\">\n",
			      file);
		any = true;
		fprintf(file, "<div><h3>%s</h3>\n", bench->jobs[i].workload->name);
		bench_chart_memory(bench, &bench->jobs[i], file);
		fputs("</div>\n", file);
	}
	if (any)
		fputs("</div>\n", file);
}

static void write_latency(const struct bench *bench, FILE *file)
{
	bool any = false;

	for (size_t i = 0; i < bench->job_count; i++) {
		const struct bench_job *job = &bench->jobs[i];

		if (!bench_has_metric(bench, job, METRIC_MALLOC_P50))
			continue;
		if (!any)
			fputs("<h2>Latency</h2>\n<p>How long one call takes, the clock's own time taken off: half of all "
			      "calls, 99 and 99.9 of 100 take no longer. The longest say more of the machine than of the "
			      "allocator.</p>\n",
			      file);
		any = true;
		fprintf(file, "<h3>%s: %s</h3>\n", job->workload->name, job->workload->summary);
		bench_chart_latency(bench, job, file);
	}
}

static void write_notes(const struct bench *bench, FILE *file)
{
	for (size_t i = 0; i < bench->job_count; i++) {
		const struct bench_job *job = &bench->jobs[i];

		if (job->skipped != NULL) {
			fprintf(file, "<p>Skipped: %s: ", job->workload->name);
			bench_html_text(job->skipped, file);
			fputs(".</p>\n", file);
		}
		for (size_t j = 0; j < bench->allocator_count && job->results != NULL; j++) {
			if (job->results[j].failure == NULL)
				continue;
			fprintf(file, "<p>Failed: %s with %s: ", job->workload->name,
				bench->allocators[j].name);
			bench_html_text(job->results[j].failure, file);
			fputs(".</p>\n", file);
		}
	}
}

void bench_write_html(const struct bench *bench, FILE *file)
{
	write_head(bench, file);
	write_legend(bench, file);
	if (isfinite(bench_mean(bench, bench->ours, bench->base, METRIC_WALL, GROUPS))) {
		fputs("<h2>Time and memory</h2>\n<p>Geometric means over all workloads. Better is to the left and "
		      "below.</p>\n",
		      file);
		bench_chart_overview(bench, file);
	}
	fputs("<h2>Time</h2>\n<p>Wall time, relative. Better is to the left.</p>\n", file);
	bench_chart_ratios(bench, METRIC_WALL, file);
	fputs("<h2>Memory</h2>\n<p>Peak resident memory, relative. Better is to the left.</p>\n", file);
	bench_chart_ratios(bench, METRIC_RSS, file);
	write_latency(bench, file);
	write_memory(bench, file);
	fputs("<h2>All numbers</h2>\n<p>Medians of all runs; the best of each row stands out.</p>\n", file);
	for (unsigned metric = 0; metric < METRICS; metric++)
		write_table(bench, (enum bench_metric)metric, file);
	write_notes(bench, file);
	fputs("</body>\n</html>\n", file);
}
