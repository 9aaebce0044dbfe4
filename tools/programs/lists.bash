# SPDX-License-Identifier: MIT
#
# lists.bash - arrays, strings and subshells.
declare -A count
declare -a lines
while read -r -a words; do
	for word in "${words[@]}"; do
		count[$word]=$((${count[$word]:-0} + 1))
	done
	lines+=("${words[*]^^}")
done <"$1"
total=0
for ((i = 0; i < ${#lines[@]}; i += 50)); do
	joined=$(printf '%s,' "${lines[@]:i:50}")
	total=$((total + ${#joined}))
done
echo "${#count[@]} ${#lines[@]} $total"
for word in "${!count[@]}"; do
	echo "$word ${count[$word]}"
done | sort | head -n 100
