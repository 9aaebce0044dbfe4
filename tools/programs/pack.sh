# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# pack.sh - packs a git repository anew and looks at its whole history.
#
#   sh pack.sh FOLDER
set -eu
cd "$1"
git -c pack.threads=2 repack -adfq --window=50
git fsck --no-progress
git log -p --stat -M | cksum
