# SPDX-License-Identifier: MIT
"""Reads statistics with Prometheus' own parser, and checks some of them against the same statistics as JSON."""
import json
import sys

try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
except ImportError:
    sys.exit(77)

with open(sys.argv[1]) as file:
    families = {f.name: f for f in text_string_to_metric_families(file.read())}
with open(sys.argv[2]) as file:
    stats = json.load(file)

held = {s.labels["source"]: s.value for s in families["libma_held_bytes"].samples}
assert set(held) == {"break", "chunks", "large", "cached"}, held
assert held["large"] == stats["large_bytes"], (held, stats)
assert families["libma_held_bytes"].unit == "bytes"
assert families["libma_system_calls"].type == "counter"
slots = {int(s.labels["slot_size"]): s.value for s in families["libma_class_used_slots"].samples}
assert set(slots) == {c["slot_size"] for c in stats["by_class"]}, slots
