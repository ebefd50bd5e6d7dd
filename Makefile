# One cargo profile (dev) serves build, test and demo; release serves install and bench.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CARGO ?= cargo
PHP ?= php
PHP_CONFIG ?= php-config
PHPUNIT ?= phpunit
TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),$(CURDIR)/target)

# What a bare Debian 12 with Rust lacks.
PACKAGES := binutils build-essential ca-certificates clang libclang-dev make php-cli php-dev php-fpm php-mbstring \
  php-psr-event-dispatcher php-psr-log php-sqlite3 php-xml phpunit valgrind

export MJ_EXTENSION := $(TARGET)/debug/libmj.so
export MJ_SIMULATOR := $(TARGET)/debug/mj-simulator
export MJ_FAULT_PROXY := $(TARGET)/debug/mj-fault-proxy
# Debian has one for each version, PHP built from source has one.
RUN_TESTS = $(lastword $(wildcard $(patsubst %,$(shell $(PHP_CONFIG) --prefix)/lib/php/%/run-tests.php,build $(shell $(PHP_CONFIG) --phpapi)/build)))

.PHONY: help
help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install the packages that are missing (as root), or name them
	@missing=(); \
	for package in $(PACKAGES); do \
	  dpkg-query --show --showformat='$${Status}' "$$package" 2>/dev/null | grep -q '^install ok' || missing+=("$$package"); \
	done; \
	if [ "$${#missing[@]}" -gt 0 ]; then \
	  if [ "$$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then \
	    echo "These packages are missing: $${missing[*]}" >&2; \
	    echo "As root: apt-get install $${missing[*]}" >&2; \
	    exit 1; \
	  fi; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  exec 9<Makefile; flock 9; \
	  apt-get update -qq; \
	  apt-get install -qq --yes --no-install-recommends "$${missing[@]}"; \
	fi; \
	command -v $(CARGO) >/dev/null || { echo "Rust is missing: see https://rustup.rs" >&2; exit 1; }

.PHONY: build
build: setup ## Build the extension and the simulator
	$(CARGO) build --locked -p mj -p mj-simulator

.PHONY: build-release
build-release: setup
	$(CARGO) build --locked --release -p mj -p mj-simulator

.PHONY: install
install: build-release ## Build mj.so optimised and copy it to where PHP looks for extensions
	install -m 0644 "$(TARGET)/release/libmj.so" "$$($(PHP_CONFIG) --extension-dir)/mj.so"
	@echo 'Add "extension=mj.so" to php.ini, then restart PHP.'

# What binaries are packaged for: this machine's PHP and Debian 13's; on another architecture Debian 12's and 13's. More
# php-configs where they can be had.
OWN_ARCH := $(subst aarch64,arm64,$(shell uname -m))
ARCH ?= $(OWN_ARCH)
PACKAGED ?= $(foreach arch,$(ARCH),$(if $(filter $(OWN_ARCH),$(arch)),$(PHP_CONFIG) build/php/8.4,build/php/8.2-$(arch) build/php/8.4-$(arch)))
# A directory stands for the php-config in it.
PHP_CONFIGS = $(patsubst build/%,build/%/bin/php-config,$(patsubst build/%/bin/php-config,build/%,$(PACKAGED)))
FOREIGN = $(filter-out $(OWN_ARCH),$(ARCH))

.PHONY: setup-package
setup-package: setup
	@$(MAKE) --no-print-directory setup PACKAGES='binutils dpkg-dev python3-venv xz-utils $(if $(findstring -arm64,$(PACKAGED)),qemu-user-static)'

# PHPs that this machine has not installed, by their directories: build/php/8.4, build/php/8.2-arm64, and build/zts/php.
SUITES_8.2 := bookworm
SUITES_8.4 := trixie
SUITES_8.5 := experimental sid
build/php/%/bin/php-config: setup-package
	packaging/debian-php build/php/$* "$(SUITES_$(firstword $(subst -, ,$*)))" $(subst -, ,$*)

build/zts/php/bin/php-config: setup-zts
	tests/zts/build build/zts

.PHONY: package
package: setup-package $(filter build/%,$(PHP_CONFIGS)) ## Build and pack mj.so for glibc 2.17 and newer; ARCH=arm64, PACKAGED="php-config …" for other PHPs, PROFILE=dev for a fast build
	packaging/package build/package $(PHP_CONFIGS)

.PHONY: package-every
package-every: ## The same for every PHP that Debian has: 8.2, 8.4, 8.5, a thread-safe 8.2, and those for arm64
	$(MAKE) --no-print-directory package PACKAGED='$(addprefix build/,php/8.2 php/8.4 php/8.5 zts/php php/8.2-arm64 php/8.4-arm64 php/8.5-arm64)'

.PHONY: test-install
test-install: export MJ_ARCH = $(ARCH)
test-install: export MJ_PACKAGE := $(CURDIR)/build/package
test-install: export MJ_ROOTS = $(CURDIR)/build/roots$(addprefix /,$(FOREIGN))
test-install: build package ## Install the package into a fresh Debian 12, an unpacked Debian 13 and a panel's layout (as root); ARCH=arm64, FILTER=name for some
	@$(MAKE) --no-print-directory setup PACKAGES='debootstrap'
	tests/install/roots "$(MJ_ROOTS)" $(FOREIGN)
	@# What the tests mount goes with them, whatever happens. The steps of phpize are for this machine's PHP.
	$(if $(FOREIGN),tests/install/emulate,unshare --mount) $(PHPUNIT) --configuration tests/phpunit/phpunit.xml --testsuite install \
	  $(if $(FILTER)$(FOREIGN),--filter '$(or $(FILTER),InstallTest)')

.PHONY: test-package
test-package: export MJ_PACKAGE := $(CURDIR)/build/package-dev
test-package: export MJ_ROOTS := $(CURDIR)/build/roots/unpacked
test-package: PACKAGED := build/php/8.2
test-package: build setup-package build/php/8.2/bin/php-config ## The same fast, for CI: one binary, not optimised, and Debian 12 unpacked (as root)
	PROFILE=dev packaging/package build/package-dev build/php/8.2/bin/php-config
	@mkdir -p "$(MJ_ROOTS)" && ln -sfn "$(CURDIR)/build/php/8.2/root" "$(MJ_ROOTS)/bookworm"
	unshare --mount $(PHPUNIT) --configuration tests/phpunit/phpunit.xml --testsuite install --exclude-group two-binaries

.PHONY: lint-scripts
lint-scripts: ## Check what runs as root with shellcheck
	@$(MAKE) --no-print-directory setup PACKAGES='shellcheck'
	shellcheck packaging/install packaging/package packaging/debian-* packaging/zig-cc packaging/zig-ar tests/install/roots tests/install/emulate

.PHONY: fmt
fmt: ## Format the Rust code
	$(CARGO) fmt --all

.PHONY: lint
lint: setup readme-check lint-scripts ## Check formatting, clippy, arrows, install scripts, what the README says
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(MAKE) --no-print-directory arrows

# Analyses the types of PHP. It needs a newer Rust than we do.
MAGO_VERSION := 1.29.0
MAGO_RUST := 1.95
MAGO := $(CURDIR)/build/tools/mago-$(MAGO_VERSION)

$(MAGO)/bin/mago:
	CARGO_TARGET_DIR="$(MAGO)/target" CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 \
	  nice $(CARGO) install mago --version $(MAGO_VERSION) --locked --debug --quiet --root "$(MAGO)"
	rm -rf "$(MAGO)/target"

.PHONY: setup-mago
setup-mago: setup
	@if printf '%s\n' $(MAGO_RUST) "$$($(CARGO) --version | cut -d' ' -f2)" | sort --check=quiet --version-sort; then \
	  $(MAKE) --no-print-directory "$(MAGO)/bin/mago"; \
	fi

.PHONY: lint-php
lint-php: export MJ_MAGO := $(MAGO)/bin/mago
lint-php: setup setup-clients setup-console setup-frameworks setup-mago ## Check php/: PER style, types with Mago (and PHPStan where it is installed), PHPMD, a real PHP 8.0
	@if ! command -v phpmd >/dev/null; then $(MAKE) --no-print-directory setup PACKAGES=phpmd || true; fi
	tests/lint_php/run "$(CURDIR)/build/lint-php"

.PHONY: readme-check
readme-check: setup ## Hold the README's tables of features and settings to the tree
	$(PHP) -n tests/readme_check.php

.PHONY: arrows
arrows: setup ## Check what each room links
	@if [ -f "$(MJ_EXTENSION)" ]; then tests/arrows "$(MJ_EXTENSION)"; else tests/arrows; fi

.PHONY: test
test: test-rust ## Run every test
	@# These mostly wait, for processes and for time-outs. Each prints when it has ended.
	$(MAKE) --no-print-directory --jobs=3 --keep-going --output-sync=target test-php test-process test-chatmoney test-relay test-studio test-console test-frameworks test-clients

.PHONY: test-rust
test-rust: setup ## Run the tests of the Rust crates
	@# nextest runs each test in a process of its own; without it one thread keeps tests that fork apart.
	if $(CARGO) nextest --version >/dev/null 2>&1; then \
	  $(CARGO) nextest run --locked --workspace --no-fail-fast; \
	else \
	  echo "cargo-nextest is not installed: running the tests with cargo test"; \
	  $(CARGO) test --locked --workspace --no-fail-fast -- --test-threads=1; \
	fi

.PHONY: test-php
test-php: test-phpt test-guard stubs-check test-phpunit ## Run the tests of the PHP surface

.PHONY: test-phpt
test-phpt: build ## Run the phpt suite; FILE=tests/phpt/x.phpt for one, VALGRIND=1 for valgrind
	NO_INTERACTION=1 TEST_PHP_EXECUTABLE="$$(command -v $(PHP))" $(PHP) -n "$(RUN_TESTS)" -q -n $(if $(VALGRIND),-m) \
	  --show-diff -d extension="$(MJ_EXTENSION)" $(or $(FILE),tests/phpt)

.PHONY: test-guard
test-guard: build ## Check that a panic reaches PHP as an exception
	$(CARGO) build --locked -p mj --example panic_probe
	RUST_BACKTRACE=0 $(PHP) -n -d extension="$(TARGET)/debug/examples/libpanic_probe.so" tests/guard_check.php

# Web servers that tests start by themselves, with configurations of their own, and an event loop.
.PHONY: setup-servers
setup-servers: setup
	@$(MAKE) --no-print-directory setup PACKAGES="php-amphp-amp python3-prometheus-client apache2-bin libapache2-mod-php$$($(PHP) -n -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;') nginx"

.PHONY: test-phpunit
test-phpunit: build setup-servers ## Run PHPUnit against the simulator; FILTER=name for some
	$(CARGO) build --locked -p mj-faults
	$(PHPUNIT) --configuration tests/phpunit/phpunit.xml --testsuite simulator $(if $(FILTER),--filter $(FILTER))

# ChatMoney has MySQL; MariaDB is what Debian has of it.
.PHONY: setup-chatmoney
setup-chatmoney: setup
	@$(MAKE) --no-print-directory setup PACKAGES='mariadb-client-core mariadb-server-core nginx php-mysql'

.PHONY: test-chatmoney
test-chatmoney: build setup-chatmoney ## Run the tests of the ChatMoney bridge, with MariaDB, php-fpm and nginx; FILTER=name for some
	$(PHPUNIT) --configuration tests/phpunit/phpunit.xml --testsuite chatmoney $(if $(FILTER),--filter $(FILTER))

# Laravel and Symfony are Debian's; of ThinkPHP and Webman the tests have the interfaces.
FRAMEWORKS := frameworks laravel symfony thinkphp webman

.PHONY: setup-frameworks
setup-frameworks: setup
	@$(MAKE) --no-print-directory setup PACKAGES='php-intl php-laravel-framework php-symfony-framework-bundle php-symfony-messenger php-symfony-yaml'

.PHONY: test-frameworks
test-frameworks: build setup-frameworks ## Run the tests of Laravel, Symfony, ThinkPHP and Webman; ONLY=laravel for one, FILTER=name for some
	@# Each in a process of its own: their functions have the same names.
	for suite in $(or $(ONLY),$(FRAMEWORKS)); do \
	  $(PHPUNIT) --configuration tests/phpunit/phpunit.xml --testsuite "$$suite" $(if $(FILTER),--filter $(FILTER)); \
	done

.PHONY: test-process
test-process: build ## Run the tests with real php-fpm, kills and forks; FILTER=name for some
	$(PHPUNIT) --configuration tests/phpunit/phpunit.xml --testsuite process $(if $(FILTER),--filter $(FILTER))

.PHONY: faults
faults: build ## Play every fault of the network with real PHP, hold docs/faults.md to it; ONLY="api gateway/dns", WRITE=1
	$(CARGO) build --locked -p mj-faults
	MJ_FAULTS="$(ONLY)" MJ_FAULTS_WRITE="$(WRITE)" $(PHPUNIT) --configuration tests/phpunit/phpunit.xml --testsuite faults

.PHONY: chaos
chaos: build setup-servers ## Kill, stop and starve real PHP processes under 10,000 tasks; SEED=, TASKS=, ONLY=fpm-static for some
	MJ_CHAOS_SEED=$(or $(SEED),1) MJ_CHAOS_TASKS=$(or $(TASKS),10000) \
	  $(PHPUNIT) --configuration tests/phpunit/phpunit.xml --testsuite chaos $(if $(ONLY),--filter '$(ONLY)')

# A thread-safe PHP, what is built against it, and nothing that is used elsewhere.
ZTS := $(CURDIR)/build/zts

.PHONY: setup-zts
setup-zts: setup
	@$(MAKE) --no-print-directory setup PACKAGES='apache2-bin apache2-dev xz-utils'

.PHONY: build-zts
build-zts: setup-zts
	tests/zts/build "$(ZTS)"
	PHP="$(ZTS)/php/bin/php" PHP_CONFIG="$(ZTS)/php/bin/php-config" CARGO_TARGET_DIR="$(ZTS)/target" \
	  $(CARGO) build --locked -p mj -p mj-simulator --lib --bins --example panic_probe

.PHONY: test-zts
test-zts: export MJ_EXTENSION := $(ZTS)/target/debug/libmj.so
test-zts: export MJ_SIMULATOR := $(ZTS)/target/debug/mj-simulator
test-zts: export MJ_ZTS := $(ZTS)/php
test-zts: build-zts ## Build a thread-safe PHP and run the phpt suite and Apache's threads with it; FILTER=name for some
	$(if $(FILTER),,NO_INTERACTION=1 TEST_PHP_EXECUTABLE="$(ZTS)/php/bin/php" $(PHP) -n "$(RUN_TESTS)" -q -n --show-diff \
	  -d extension="$(MJ_EXTENSION)" $(or $(FILE),tests/phpt))
	$(if $(FILTER),,RUST_BACKTRACE=0 "$(ZTS)/php/bin/php" -n -d extension="$(ZTS)/target/debug/examples/libpanic_probe.so" \
	  tests/guard_check.php)
	$(PHPUNIT) --configuration tests/phpunit/phpunit.xml --testsuite zts $(if $(FILTER),--filter $(FILTER))

.PHONY: setup-clients
setup-clients: setup
	@# Node or Python may come from elsewhere than Debian; what is missing in the end is said by the test.
	@if ! command -v npm >/dev/null; then $(MAKE) --no-print-directory setup PACKAGES='nodejs npm' || true; fi
	@if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then $(MAKE) --no-print-directory setup PACKAGES=python3-venv || true; fi

.PHONY: test-clients
test-clients: build setup-clients ## Let discord.js and discord.py log in to the simulator
	tests/simulator/clients/run "$(CURDIR)/build/clients"

.PHONY: test-relay
test-relay: build setup-servers setup-clients ## Hold the relay API: its tests, schemathesis, AceData's command line; FILTER=name
	@$(MAKE) --no-print-directory setup PACKAGES='php-apcu php-curl'
	tests/relay/run "$(CURDIR)/build/relay"

.PHONY: stubs-check
stubs-check: build ## Hold stubs/mj.stub.php equal to the binary
	$(PHP) -n tests/stubs_check.php "$(MJ_EXTENSION)"

.PHONY: doc
doc: setup ## Build the Rust documentation
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --workspace --no-deps --document-private-items

CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := $(CURDIR)/build/tools/cargo-deny-$(CARGO_DENY_VERSION)

$(CARGO_DENY)/bin/cargo-deny:
	CARGO_TARGET_DIR="$(CARGO_DENY)/target" CARGO_PROFILE_DEV_DEBUG=0 \
	  $(CARGO) install cargo-deny --version $(CARGO_DENY_VERSION) --locked --debug --no-default-features --quiet --root "$(CARGO_DENY)"
	rm -rf "$(CARGO_DENY)/target"

.PHONY: deny
deny: setup $(CARGO_DENY)/bin/cargo-deny ## Check licences, sources and banned crates
	$(CARGO_DENY)/bin/cargo-deny --locked --log-level error check bans licenses sources

.PHONY: audit
audit: ## Check the dependencies against RustSec's advisories (needs cargo-audit); DB=path for a copy of them
	@if $(CARGO) audit --version >/dev/null 2>&1; then $(CARGO) audit $(if $(DB),--db $(DB) --no-fetch --stale); \
	else echo "cargo-audit is not installed, nothing checked: cargo install cargo-audit --locked"; fi

.PHONY: demo
demo: build ## Imagine, upscale and save two pictures; on Discord when MJ_USER_TOKEN and friends are set
	@state="$$(mktemp -d)"; trap 'rm -rf "$$state"' EXIT; \
	$(PHP) -n -d extension="$(MJ_EXTENSION)" -d mj.state_dir="$$state" php/examples/demo.php \
	  "$${PROMPT:-a lighthouse on a cliff at dusk, oil painting --ar 1:1}" "$${DIRECTORY:-$(CURDIR)/build/demo}"
	@# Whoever looks on gets the studio, until Ctrl-C; scripts do not.
	@if [ -t 1 ] && [ -z "$${CI:-}" ]; then $(MAKE) --no-print-directory studio; else echo 'The same as a web page: make studio'; fi

.PHONY: studio
studio: build ## Serve the studio, a web page, until Ctrl-C; with the simulator behind it, or Discord; LISTEN=127.0.0.1:8080
	@state="$$(mktemp -d)"; trap 'rm -rf "$$state"' EXIT; \
	MJ_STUDIO_DIR="$$state/studio" $(PHP) -n -d extension="$(MJ_EXTENSION)" -d mj.state_dir="$$state" php/studio/serve.php \
	  --listen "$(or $(LISTEN),127.0.0.1:8080)"

.PHONY: setup-studio
setup-studio: setup setup-clients setup-servers
	@$(MAKE) --no-print-directory setup PACKAGES='chromium fonts-noto-cjk fonts-noto-core pngquant'

.PHONY: test-studio
test-studio: build setup-studio ## Test the studio: PHPUnit with nginx, then headless Chromium; WRITE=1 keeps the screenshots in docs/studio
	$(PHPUNIT) --configuration tests/phpunit/phpunit.xml --testsuite studio
	WRITE="$(WRITE)" tests/studio/run "$(CURDIR)/build/studio"

# What mj, the command line, is built on. GD makes pictures for terminals that want sixels; the test decodes them back.
.PHONY: setup-console
setup-console: setup
	@$(MAKE) --no-print-directory setup PACKAGES='bash-completion fish imagemagick php-gd php-intl php-mbstring php-symfony-console python3-minimal zsh'

.PHONY: test-console
test-console: build setup-console ## Test the command line, on a pseudo-terminal against the simulator; FILTER=name for some
	$(PHPUNIT) --configuration tests/phpunit/phpunit.xml --testsuite console $(if $(FILTER),--filter $(FILTER))

.PHONY: bench
bench: build-release ## Measure, print a table, write build/bench.json; ONLY="poll decode" for some
	$(CARGO) build --locked --release -p mj-store --example poll
	$(CARGO) build --locked --release -p mj-simulator --example decode
	@mkdir -p build
	MJ_EXTENSION="$(TARGET)/release/libmj.so" MJ_SIMULATOR="$(TARGET)/release/mj-simulator" tests/bench/run $(ONLY)

.PHONY: simulate
simulate: setup ## Play a million tasks with owners that die and a network that fails; TASKS=, SEED=
	$(CARGO) build --locked -p mj-simulation
	nice "$(TARGET)/debug/mj-simulate" --seed $(or $(SEED),1) --tasks 250 --runs $$(($(or $(TASKS),1000000) / 250))

.PHONY: mutants
mutants: setup ## Switch safeguards off, one at a time, and see that the proof finds it
	tests/mutants

.PHONY: sanitize
sanitize: ## Run loom, Miri and valgrind; ONLY=asan or ONLY=tsan for the sanitizers of Rust
	tests/sanitize $(ONLY)

.PHONY: fuzz
fuzz: setup ## Fuzz reader, prompts and gateway for a minute each; ONLY=reader for one, RUNS=10000000 for a count
	tests/fuzz/run $(ONLY)

.PHONY: clean
clean: ## Remove what was built
	$(CARGO) clean
	rm -rf build .phpunit.cache .phpunit.result.cache
	rm -f tests/phpt/*.{diff,exp,log,mem,out,php,sh}

.PHONY: ci
ci: ## What CI runs
	.ci/run
