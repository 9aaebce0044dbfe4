# SPDX-License-Identifier: MIT
#
# summary.jq - regroups the records of a JSON file by tag, and by place.
{
	tags: (map({id, tag: .tags[]}) | group_by(.tag)
		| map({key: .[0].tag, value: (map(.id) | length)}) | from_entries),
	places: (group_by(.place.y / 100 | floor)
		| map({y: .[0].place.y, names: (map(.name | ascii_upcase) | unique | length), x: (map(.place.x) | add)})),
	active: (map(select(.active) | .name | split(" ")) | flatten | unique | length)
}
