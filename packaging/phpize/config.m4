dnl Lets `phpize && ./configure && make install`, and so PIE, build the extension: cargo does the work, for this very PHP.

PHP_ARG_ENABLE([mj], [whether to enable mj], [AS_HELP_STRING([--enable-mj], [Enable mj])], [yes])
PHP_ARG_WITH([cargo], [which cargo builds mj], [AS_HELP_STRING([--with-cargo=PATH], [Path of cargo])], [no], [no])

if test "$PHP_MJ" != "no"; then
  case $PHP_CARGO in
    no|yes) AC_PATH_PROG([MJ_CARGO], [cargo], [], [$PATH:$HOME/.cargo/bin]) ;;
    *) MJ_CARGO=$PHP_CARGO ;;
  esac
  if test ! -x "$MJ_CARGO"; then
    AC_MSG_ERROR([Rust is missing: see https://rustup.rs, or name cargo with --with-cargo=PATH])
  fi
  AC_PATH_PROG([MJ_CLANG], [clang])
  if test -z "$MJ_CLANG"; then
    AC_MSG_ERROR([clang is missing: apt-get install clang libclang-dev, or dnf install clang clang-devel])
  fi
  MJ_PHP_CONFIG=`command -v "$PHP_CONFIG"`
  MJ_ROOT=`cd "$abs_srcdir/../.." && pwd`
  PHP_SUBST([MJ_CARGO])
  PHP_SUBST([MJ_PHP_CONFIG])
  PHP_SUBST([MJ_ROOT])
  PHP_MODULES='$(phplibdir)/mj.la'
  PHP_ADD_BUILD_DIR([modules])
  PHP_ADD_MAKEFILE_FRAGMENT([$abs_srcdir/Makefile.frag], [$abs_srcdir], [$abs_builddir])
fi
