# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# history.sh - makes a git repository out of a text, packs it, and looks at its history.
#
#   bash history.sh TEXT FOLDER COMMITS
set -eu
text=$1 folder=$2 commits=$3
RANDOM=1 # the same "random" numbers each time

rm -rf "$folder"
git -c init.defaultBranch=main init -q "$folder"
split -l 50 "$text" "$folder/part-"
cd "$folder"
for ((i = 1; i <= commits; i++)); do
	for file in part-*; do
		[[ $((RANDOM % 4)) -eq 0 ]] || sed -i "$((i * 3 % 47 + 1))s/^/$i /" "$file"
	done
	GIT_AUTHOR_DATE="@$((1700000000 + i * 60)) +0000"
	GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
	export GIT_AUTHOR_DATE GIT_COMMITTER_DATE
	git add -A
	git commit -q -m "Change $i"
done
git gc -q
git fsck --no-progress
git log -p --stat | cksum
git blame -s part-aa | cksum
git log --format='%H %ct %s' -n 3
