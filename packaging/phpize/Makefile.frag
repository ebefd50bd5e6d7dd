# cargo knows what has changed, so it is always asked.
.PHONY: $(phplibdir)/mj.la
$(phplibdir)/mj.la:
	cd "$(MJ_ROOT)" && PHP="$(PHP_EXECUTABLE)" PHP_CONFIG="$(MJ_PHP_CONFIG)" CFLAGS=-Wno-implicit-function-declaration \
	  CARGO_TARGET_DIR="$${CARGO_TARGET_DIR:-$(MJ_ROOT)/target}" "$(MJ_CARGO)" build --locked --release -p mj
	cp "$${CARGO_TARGET_DIR:-$(MJ_ROOT)/target}/release/libmj.so" $(phplibdir)/mj.so
	@echo "dlname='mj.so'" > $@
