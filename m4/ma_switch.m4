# SPDX-License-Identifier: MIT
#
# MA_SWITCH(NAME, DEFAULT, HELP)
#
# Adds --enable-NAME and --disable-NAME. Sets enable_NAME to yes or no, and MA_NAME to 1 or 0: in
# config.h, where it is always defined, in make, and as an Automake conditional.
AC_DEFUN([MA_SWITCH], [
	AC_ARG_ENABLE([$1], [AS_HELP_STRING(
		m4_if([$2], [yes], [--disable-$1], [--enable-$1]), [$3 (default: $2)])],
		[], [enable_$1=$2])
	AS_CASE([$enable_$1],
		[yes], [m4_toupper([MA_$1])=1],
		[no], [m4_toupper([MA_$1])=0],
		[AC_MSG_ERROR([--enable-$1 takes yes or no, not '$enable_$1'])])
	AC_DEFINE_UNQUOTED(m4_toupper([MA_$1]), [$m4_toupper([MA_$1])], [1 or 0: $3])
	AC_SUBST(m4_toupper([MA_$1]))
	AM_CONDITIONAL(m4_toupper([MA_$1]), [test "$enable_$1" = yes])
])
