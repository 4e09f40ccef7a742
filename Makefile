# Each target first installs what it needs and is missing: see "setup".
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test golden bench docs lint format peers compare install clean setup swift packages tools

# Further arguments for the command, as in: make bench ARGS="lenet --threads 2"
ARGS ?=

# Where "make install" puts the command.
PREFIX ?= /usr/local

# Everything is built in release mode, the tests too: they compute a lot, and they share what
# "make run" has built. (Testable imports would need a second build; tests use "package" access.)
BUILD := swift build -c release
QUERN := .build/release/quern

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup ## train the example on the embedded digits, then benchmark it
	$(BUILD) --product quern
	$(QUERN) demo $(ARGS)

bench: setup ## benchmark all built-in models
	$(BUILD) --product quern
	$(QUERN) bench $(ARGS)

test: setup ## run the tests (one suite: make test ARGS="--filter QuernDataTests")
	QUERN_VERIFY=1 swift test -c release --disable-testable-imports --disable-xctest $(ARGS)

golden: setup ## compare generated code with the committed hashes (to renew them: ARGS=--update)
	$(BUILD) --product QuernGolden
	Tests/Golden/run.sh $(ARGS)

peers: setup ## time Quern beside PyTorch, JAX and ONNX Runtime
	$(BUILD) --product quern
	Tests/Peers/run.sh $(ARGS)

compare: setup tools ## compare time, compile cost and memory with another revision (ARGS="REVISION")
	python3 Tests/Compare/compare.py $(ARGS)

# A warning is printed only when its file is compiled: touching the file brings it back next time.
lint: setup ## check style, sizes, imports and links, and that the build has no warnings
	swift format lint --strict --recursive Package.swift Sources Tests
	Tests/Lint/test.sh
	Tests/Lint/sizes.sh
	Tests/Lint/imports.sh
	Tests/Lint/links.sh
	@mkdir -p .build
	$(BUILD) --build-tests 2>&1 | tee .build/lint.log
	@files=$$(sed -nE "s#^$(CURDIR)/([^:]*):.* warning: .*#\1#p" .build/lint.log \
	    | grep -E '^(Sources|Tests|Kernels|Package\.swift)' | sort -u || true); \
	  if [ -n "$$files" ]; then \
	    touch $$files; echo "make lint: the build has warnings, in:" $$files >&2; exit 1; \
	  fi; \
	  if grep -q 'which are unhandled' .build/lint.log; then \
	    echo "make lint: Package.swift leaves files unhandled (see above)" >&2; exit 1; \
	  fi

# The plugin that builds the documentation is a dependency for this alone (see Package.swift).
MODULES := $(filter-out QuernCommand,$(notdir $(wildcard Sources/Quern*)))
SITE := .build-docs/site

docs: setup ## build the documentation as a site, in .build-docs/site
	@mkdir -p .build-docs
	QUERN_DOCS=1 swift package --scratch-path .build-docs --allow-writing-to-directory $(SITE) \
	  generate-documentation $(MODULES:%=--target %) --enable-experimental-combined-documentation \
	  --output-path $(SITE) --ide-console-output $(ARGS) | tee .build-docs/docs.log
	@if grep -qE '(warning|error): ' .build-docs/docs.log; then \
	  echo "make docs: the documentation has warnings:" >&2; \
	  grep -E '(warning|error): ' .build-docs/docs.log | sort -u >&2; exit 1; \
	fi
	@echo '<meta http-equiv="refresh" content="0; url=documentation/quern/">' >$(SITE)/index.html
	@echo "To read it: python3 -m http.server -d $(SITE), then http://localhost:8000"

format: swift ## bring the sources into the style
	swift format format --in-place --recursive Package.swift Sources Tests

# With Swift's own libraries inside, the command starts faster and runs where there is no Swift. The
# tests cannot be built so, and a folder built for both would be built anew each time.
STATIC := $(if $(filter Linux,$(shell uname -s)),--static-swift-stdlib)
BIN := $(DESTDIR)$(PREFIX)/bin

install: setup ## put the command quern into PREFIX/bin, by default /usr/local/bin
	@mkdir -p '$(BIN)' 2>/dev/null || true; [ -d '$(BIN)' ] && [ -w '$(BIN)' ] || { \
	  echo "make install: $(BIN) cannot be written; take another place: make install PREFIX=$$HOME/.local" >&2; \
	  exit 1; }
	$(BUILD) $(STATIC) --scratch-path .build-install --product quern
	install -s -m 755 .build-install/release/quern '$(BIN)/quern'
	@echo "Installed $(BIN)/quern"

clean: ## remove what was built
	rm -rf .build .build-*

setup: swift packages

swift:
	@command -v swift >/dev/null || { \
	  echo "Quern needs Swift 6.1 or newer, and there is no 'swift' in the PATH." >&2; \
	  echo "Install it as https://www.swift.org/install/linux tells." >&2; exit 1; }
	@text=$$(swift --version 2>/dev/null || true); \
	  version=$$(sed -nE 's/.*Swift version ([0-9]+)\.([0-9]+).*/\1 \2/p' <<<"$$text" | head -n 1); \
	  read -r major minor <<<"$${version:-0 0}"; \
	  if (( major < 6 || (major == 6 && minor < 1) )); then \
	    echo "Quern needs Swift 6.1 or newer; 'swift --version' says: $${text:-nothing}" >&2; \
	    echo "Install a newer one as https://www.swift.org/install/linux tells." >&2; exit 1; \
	  fi

# System packages, told by a header and a library: TinyCC's library, zlib and libpng.
in_system = $(and $(wildcard $(foreach d,/usr/include /usr/include/*-linux-* /usr/local/include,$d/$1)),\
  $(wildcard $(foreach d,/usr/lib /usr/lib64 /usr/lib/*-linux-* /usr/local/lib,$d/$2.a $d/$2.so)))
MISSING := $(strip $(if $(call in_system,libtcc.h,libtcc),,libtcc-dev) \
  $(if $(call in_system,zlib.h,libz),,zlib1g-dev) \
  $(if $(call in_system,png.h,libpng),,libpng-dev))

# Installs packages: $1, by Debian's names; $2 says what they are where there is no apt-get.
define apt_install
	@command -v apt-get >/dev/null || { \
	  echo "Missing: $1 (Debian's names), and there is no apt-get to install them." >&2; \
	  echo "Install $2, then try again." >&2; \
	  exit 1; }
	@sudo=; \
	  if [ "$$(id -u)" != 0 ]; then \
	    command -v sudo >/dev/null || { \
	      echo "Missing: $1. As root: apt-get install $1" >&2; exit 1; }; \
	    sudo=sudo; \
	  fi; \
	  echo "Installing $1 with $${sudo:+sudo }apt-get"; \
	  $$sudo apt-get update -q; \
	  $$sudo env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -q --no-install-recommends $1
endef

LIBRARIES := TinyCC's library (libtcc), zlib and libpng, with their headers

packages:
ifneq ($(MISSING),)
	$(call apt_install,$(MISSING),$(LIBRARIES))
endif

# What "make compare" needs besides; looked for only when it is made.
missing_tools = $(strip $(foreach tool,valgrind python3 strip,\
  $(if $(shell command -v $(tool)),,$(patsubst strip,binutils,$(tool)))))

tools:
	$(if $(missing_tools),$(call apt_install,$(missing_tools),Valgrind and Python 3))
