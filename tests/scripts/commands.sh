#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The commands that the documents and the manual pages of commands tell the reader to type work, on an installed libma;
# those that can't be run here are in tests/docs/commands.list, with who runs them in CI. tests/docs/commands.py says
# what a command is.
#
# usage: commands.sh DESTDIR BINDIR LIBDIR PKGCONFIGDIR MANDIR, from `make installcheck`

. "${0%/*}/common"

bindir=$1$2
libdir=$1$3
for tool in git python3 ssh-keygen; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
[ -e "$MA_SRCDIR/.ci/run" ] || skip 'a tarball has not what CI is'
for library in libma.so libma.a libma/libma-preload.so; do
	[ -e "$libdir/$library" ] || skip 'the documents speak of an installation with all libraries'
done
PKG_CONFIG_SYSROOT_DIR=$1
PKG_CONFIG_LIBDIR=$1$4
LD_LIBRARY_PATH=$libdir
MANPATH=$1$5:
MA_PRELOADED=$libdir/libma/libma-preload.so
PATH=$bindir:$PATH
export MANPATH MA_PRELOADED PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR LD_LIBRARY_PATH PATH
unset PKG_CONFIG_PATH MA_OPTIONS MAKEFLAGS MFLAGS MAKELEVEL

# A folder that something can be signed in.
HOME=$scratch/home
mkdir "$HOME"
ssh-keygen -q -t ed25519 -N '' -f "$HOME/key" 2>/dev/null
git config --global user.name Somebody
git config --global user.email nobody@example.org
git config --global gpg.format ssh
git config --global user.signingkey "$HOME/key.pub"
# shellcheck disable=SC2016 # for the shell inside
printf '#!/bin/sh\necho a release >"$1"\n' >"$HOME/editor"
chmod +x "$HOME/editor"
GIT_EDITOR=$HOME/editor
export HOME GIT_EDITOR

# commands LIST DOCUMENT...
commands() {
	list=$1
	shift
	rm -rf "$scratch/folder"
	mkdir "$scratch/folder"
	PYTHONDONTWRITEBYTECODE=1 python3 "$MA_SRCDIR/tests/docs/commands.py" "$list" "$scratch/folder" "$@" 2>&1
}

clean commands "$MA_SRCDIR/tests/docs/commands.list" "$MA_SRCDIR/README.md" "$MA_SRCDIR/CONTRIBUTING.md" \
	"$MA_SRCDIR/SECURITY.md" "$MA_SRCDIR/src/README.md" "$MA_SRCDIR"/docs/*.md "$MA_SRCDIR"/man/ma*.1

cat >"$scratch/planted.md" <<'END'
```c
int main(void) { return 3; }
```

    cc -o three three.c      # works
    make bench

```sh
./three
for n in 1 2; do
	false
done
ma run PROGRAM ARG...
ma run --no-such-option PROGRAM
cc -o four no/four.c
```

- Here `ma memory PID` works, `ma check 0` does not, and `ma check` is a name:

  ```console
  $ cc -o five five.c
  ```

Words, and a figure that is not a command:

    made by hand
    make         0.99 1.01
END
cat >"$scratch/list" <<'END'
make bench
	README.md: no such text
make nothing
	README.md: libma
END
commands "$scratch/list" "$scratch/planted.md" >"$scratch/faults"
planted "'./three' fails with status 3" cat "$scratch/faults"
planted "'for n in 1 2; do" cat "$scratch/faults"
planted "'ma run --no-such-option PROGRAM' fails with status" cat "$scratch/faults"
planted "'cc -o four no/four.c' fails" cat "$scratch/faults"
planted "'ma check 0' fails" cat "$scratch/faults"
planted '^5$' grep -c 'fails with status' "$scratch/faults"
planted "'make bench' is not run by README.md: it has no 'no such text'" cat "$scratch/faults"
planted "no document has 'make nothing'" cat "$scratch/faults"

exit $failed
