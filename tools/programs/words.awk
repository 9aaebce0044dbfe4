# SPDX-License-Identifier: MIT
#
# words.awk - counts words, word pairs and line lengths of a text.
{
	lengths[length($0)]++
	for (i = 1; i <= NF; i++) {
		count[$i]++
		if (i > 1)
			pairs[$(i - 1) " " $i]++
	}
	turned = ""
	for (i = NF; i > 0; i--)
		turned = turned substr($i, 1, 3) "."
	if (turned in last)
		repeats++
	last[turned] = NR
}

END {
	print NR, repeats + 0
	for (n = 1; n < 200; n++)
		if (n in lengths)
			print n, lengths[n]
	for (pair in pairs)
		if (pairs[pair] > 20)
			print pair, pairs[pair] | "sort"
}
