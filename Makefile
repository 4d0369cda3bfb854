# assent: `make help` says what there is to make.
#
# Everything lands in build/<mode>/; MODE is one of
#   release  what is installed: optimised, hardened, asserts on
#   asan     AddressSanitizer and UBSan: units and end-to-end tests
#   tsan     ThreadSanitizer
#   cov      gcov counters
#   fuzz     clang's libFuzzer with ASan and UBSan
MODE ?= release
BUILD ?= build
B := $(BUILD)/$(MODE)

ifneq ($(V),1)
.SILENT:
endif
MAKEFLAGS += --no-print-directory
JOBS ?= $(shell nproc)
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
.SUFFIXES:

# Tools. Debian's Python by its path: a private one in PATH lacks the modules.
CC := gcc
PYTHON := /usr/bin/python3
CLANG := clang
CLANG_FORMAT := clang-format
CLANG_TIDY := clang-tidy
INSTALL := install

prefix ?= /usr/local
bindir ?= $(prefix)/bin
mandir ?= $(prefix)/share/man
sharedir ?= $(prefix)/share/assent
unitdir ?= $(prefix)/lib/systemd/system
compdir ?= $(prefix)/share/bash-completion/completions
zshdir ?= $(prefix)/share/zsh/site-functions

# --- what there is to compile ---------------------------------------------

MAINS := $(wildcard src/assentd.c src/assent.c)
SRC := $(filter-out $(MAINS),$(sort $(wildcard src/*.c src/lib/*.c src/db/*.c \
    src/dialects/*.c src/channels/*.c bots/*.c)))
EMBED := $(sort $(shell test ! -d templates || find templates -type f)) \
    $(patsubst %,schema_sqlite.sql=%,$(wildcard src/db/schema_sqlite.sql)) \
    slack-manifest.yaml=contrib/slack-manifest.yaml
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT_HELP := $(filter-out $(UNIT_SRC),$(sort $(wildcard tests/unit/*.c)))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))

PROGS := $(MAINS:src/%.c=$(B)/%)
LIB := $(B)/libassent.a
LIB_OBJ := $(SRC:%.c=$(B)/%.o) $(B)/gen/embedded.o
HELP_LIB := $(B)/unit/libhelp.a
HELP_OBJ := $(UNIT_HELP:%.c=$(B)/%.o)
UNITS := $(UNIT_SRC:tests/unit/%.c=$(B)/unit/%)
FUZZERS := $(FUZZ_SRC:tests/fuzz/%.c=$(B)/fuzz/%)
BENCHES := $(BENCH_SRC:tests/bench/%.c=$(B)/bench/%)

# T names one unit test, fuzz target or end-to-end test.
ifneq ($(T),)
UNITS := $(B)/unit/test_$(T:test_%=%)
FUZZERS := $(B)/fuzz/fuzz_$(T:fuzz_%=%)
endif

# --- flags ----------------------------------------------------------------

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
    -Wcast-qual -Wformat=2 -Wvla -Wundef -Werror
DEFS := -std=c17 -D_GNU_SOURCE -Isrc -I.

# Asked once, and only when something is compiled: `make run` on a new machine
# gets here before pkg-config is installed.
PKGS := libmicrohttpd jansson sqlite3 libcurl openssl libesmtp-1.0 yaml-0.1 \
    libpcre2-8 libutf8proc libwebsockets
PKG_CFLAGS = $(eval PKG_CFLAGS := $(subst -I,-isystem ,$(shell \
    pkg-config --cflags $(PKGS))))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)

SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined \
    -fno-omit-frame-pointer
ARCH := $(shell uname -m)
CF_x86_64 := -fcf-protection
CF_aarch64 := -mbranch-protection=standard

OPT_release := -O2 -g -fPIE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
    -fstack-protector-strong -fstack-clash-protection $(CF_$(ARCH))
LD_release := -pie -Wl,-z,relro,-z,now,-z,noexecstack
# gcc's manual: instrumented code makes it guess wrong here; release looks.
GUESS := $(if $(findstring gcc,$(CC)),-Wno-maybe-uninitialized)
OPT_asan := -O1 -g -fPIE $(SAN) $(GUESS)
LD_asan := -pie $(SAN)
OPT_tsan := -O1 -g -fPIE -fsanitize=thread -fno-omit-frame-pointer $(GUESS)
LD_tsan := -pie -fsanitize=thread
OPT_cov := -O0 -g --coverage -fprofile-update=atomic
LD_cov := --coverage
OPT_fuzz := -O1 -g $(SAN) -fsanitize=fuzzer-no-link
LD_fuzz := $(SAN) -fsanitize=fuzzer
ifeq ($(MODE),fuzz)
CC := $(CLANG)
endif
ifeq ($(OPT_$(MODE)),)
$(error MODE=$(MODE): release, asan, tsan, cov or fuzz)
endif

ALL_CFLAGS = $(DEFS) $(WARN) -pthread $(OPT_$(MODE)) $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(LD_$(MODE)) -pthread -Wl,--as-needed $(LDFLAGS)
LIBS = $(PKG_LIBS) -lm

# Without address randomisation: the sanitizers' shadow wants its place.
NORANDOM := $(shell setarch -R true 2>/dev/null && echo setarch -R)
export ASAN_OPTIONS ?= abort_on_error=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS ?= print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS ?= halt_on_error=1:second_deadlock_stack=1

# --- building -------------------------------------------------------------

.PHONY: all build
all:
	$(MAKE) MODE=release build
	$(if $(MAINS),ln -sfn $(patsubst src/%.c,release/%,$(MAINS)) $(BUILD)/)
build: $(LIB) $(PROGS)
	@:

# A file that changes only when its text does: what is built from it follows
# a new flag, and a source or template that was added or removed.
.PHONY: FORCE
FORCE:
stamp = mkdir -p $(@D); printf '%s\n' '$(strip $(1))' | cmp -s - $@ || \
    printf '%s\n' '$(strip $(1))' >$@
$(B)/flags: FORCE
	$(call stamp,$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS))
$(B)/sources: FORCE
	$(call stamp,$(LIB_OBJ) $(HELP_OBJ))
$(B)/embed: FORCE
	$(call stamp,$(EMBED))

# A fuzz target's entry point has no header: libFuzzer calls it by its name.
fuzzing = $(if $(filter tests/fuzz/%,$(1)),-Wno-missing-prototypes)

# Objects appear whole or not at all, so that two makes in one folder do not
# read each other's halves. With KEEP_GOING=1 a source of the library that
# does not compile is left out: one unit test can be built while another
# module is in pieces.
compile = mkdir -p $(@D); \
    if $(CC) $(ALL_CFLAGS) $(call fuzzing,$<) \
	-MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@.$$$$ $<; \
    then mv -f $@.$$$$ $@; else rm -f $@ $@.$$$$; $(1); fi
ifeq ($(KEEP_GOING),1)
skip = echo "left out: $<" >&2
else
skip = exit 1
endif
archive = mkdir -p $(@D); rm -f $@.$$$$; \
    ar rcsD $@.$$$$ $(if $(1),$$(ls $(1) 2>/dev/null)) && mv -f $@.$$$$ $@
link = mkdir -p $(@D); \
    $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@.$$$$ $(1) && mv -f $@.$$$$ $@

$(B)/src/%.o: src/%.c $(B)/flags
	$(call compile,$(skip))
$(B)/bots/%.o: bots/%.c $(B)/flags
	$(call compile,$(skip))
$(B)/tests/%.o: tests/%.c $(B)/flags
	$(call compile,exit 1)
$(B)/gen/%.o: $(B)/gen/%.c $(B)/flags
	$(call compile,exit 1)
$(B)/gen/embedded.c: contrib/embed.sh $(B)/embed \
    $(foreach e,$(EMBED),$(lastword $(subst =, ,$(e))))
	mkdir -p $(@D)
	contrib/embed.sh $(EMBED) >$@.$$$$ && mv -f $@.$$$$ $@

$(LIB): $(LIB_OBJ) $(B)/sources
	$(call archive,$(LIB_OBJ))
$(HELP_LIB): $(HELP_OBJ) $(B)/sources
	$(call archive,$(HELP_OBJ))
$(PROGS): $(B)/%: $(B)/src/%.o $(LIB)
	$(call link,$< $(LIB) $(LIBS))
$(UNITS): $(B)/%: $(B)/tests/%.o $(HELP_LIB) $(LIB)
	$(call link,$< $(HELP_LIB) $(LIB) -lcmocka $(LIBS))
$(BENCHES): $(B)/%: $(B)/tests/%.o $(LIB)
	$(call link,$< $(LIB) $(LIBS))
# libFuzzer brings its own main; elsewhere replay.c feeds the stored inputs.
$(FUZZERS): $(B)/%: $(B)/tests/%.o $(LIB) \
    $(if $(filter fuzz,$(MODE)),,$(B)/tests/fuzz/replay.o)
	$(call link,$(filter %.o,$^) $(LIB) $(LIBS))

-include $(shell test ! -d $(B) || find $(B) -name '*.d')

# --- running --------------------------------------------------------------

.PHONY: run deps-build deps-test
deps-build:
	contrib/install-deps.sh build
deps-test:
	contrib/install-deps.sh test
# make run ARGS='--config FILE'
run: deps-build
	$(MAKE) all
	exec $(BUILD)/assentd $(ARGS)

# --- tests ----------------------------------------------------------------

PYTEST = $(NORANDOM) env ASSENTD=$(abspath $(B)/assentd) \
    ASSENT=$(abspath $(B)/assent) $(PYTHON) -m pytest -p no:cacheprovider
# Whole files side by side: most of the time is waiting.
AT_ONCE ?= -n 4 --dist loadfile
CRASHES ?= 500
FUZZ_SECONDS ?= 60
# Which end-to-end tests are worth their time under ThreadSanitizer.
TSAN_TESTS ?= race or park or wait or concurrent or drain

.PHONY: test unit units replay e2e pytest crash crash-rig bench benches tsan \
    fuzz fuzzers coverage
test: deps-test
	$(MAKE) MODE=asan units replay build
	$(if $(wildcard tests/crash/crash.py),$(MAKE) MODE=asan CRASHES=50 crash-rig)
	$(MAKE) MODE=asan pytest

# make unit T=arena runs tests/unit/test_arena.c alone.
unit:
	$(MAKE) MODE=asan units $(if $(T),,replay)
units: $(UNITS)
	$(NORANDOM) tests/unit/run $(UNITS)
replay: $(FUZZERS)
	for f in $(notdir $(FUZZERS)); do \
	    $(NORANDOM) $(B)/fuzz/$$f tests/fuzz/corpus/$${f#fuzz_} || exit 1; \
	done

# make e2e T=name runs the tests whose names match.
e2e:
	$(MAKE) MODE=asan build pytest
pytest: build
	$(PYTEST) -q tests/e2e $(if $(T),-k '$(T)',$(AT_ONCE)) $(ARGS)

# Kills the daemon CRASHES times under load; nothing acknowledged may be lost.
crash:
	$(MAKE) MODE=release crash-rig
crash-rig: build
	$(NORANDOM) env ASSENTD=$(abspath $(B)/assentd) \
	    ASSENT=$(abspath $(B)/assent) \
	    $(PYTHON) tests/crash/crash.py --kills $(CRASHES)

bench:
	$(MAKE) MODE=release build benches
	env ASSENTD=$(abspath $(BUILD)/release/assentd) \
	    BENCH_DIR=$(abspath $(BUILD)/release/bench) \
	    $(PYTHON) tests/bench/run.py $(ARGS)
benches: $(BENCHES)
	@:

tsan:
	$(MAKE) MODE=tsan units build
	$(MAKE) MODE=tsan pytest T='$(or $(T),$(TSAN_TESTS))'

# Each target for FUZZ_SECONDS, or one with T=name. What it learns stays in
# build/fuzz/corpus; what breaks it in build/fuzz/found.
fuzz:
	$(MAKE) MODE=fuzz fuzzers
	tests/fuzz/run $(FUZZ_SECONDS) $(BUILD)/fuzz $(if $(T),fuzz_$(T:fuzz_%=%))
fuzzers: $(FUZZERS)
	@:

coverage:
	find $(BUILD)/cov -name '*.gcda' -delete 2>/dev/null || true
	$(MAKE) MODE=cov units build
	$(MAKE) MODE=cov pytest
	gcovr --root . --object-directory $(BUILD)/cov --exclude tests/ \
	    --exclude '.*embedded\.c' --print-summary \
	    --html-details $(BUILD)/cov/index.html

# --- against the libraries and linters of others ----------------------------

# Not part of `make test`: npm fetches them, into build/conformance.
# make conformance T=slack runs those whose names match.
CONFORMANCE := $(sort $(wildcard tests/fake/*/run tests/conformance/*/run))

.PHONY: conformance
conformance: deps-test
	command -v npm >/dev/null || { echo 'needs node (20+) and npm' >&2; exit 1; }
	for r in $(if $(T),$(filter tests/fake/$(T)% tests/conformance/$(T)%, \
	    $(CONFORMANCE)), \
	    $(CONFORMANCE)); do \
	    name=$$(basename $${r%/run}); echo "$$name:"; \
	    $(PYTHON) $$r $(abspath $(BUILD))/conformance/$$name || exit 1; \
	done

# --- lint -----------------------------------------------------------------

C_FILES := $(SRC) $(MAINS) $(UNIT_SRC) $(UNIT_HELP) $(BENCH_SRC) \
    $(sort $(wildcard tests/fuzz/*.c tests/lint/*.c))
H_FILES := $(sort $(wildcard src/*.h src/*/*.h bots/*.h tests/*/*.h))
TIDY := $(C_FILES:%=$(BUILD)/lint/%.tidy)

.PHONY: lint lint-fast lint-rooms lint-format lint-tidy lint-cppcheck \
    lint-shell lint-man lint-docs docs format openapi-files
lint: lint-fast lint-cppcheck lint-tidy
lint-fast: lint-rooms lint-format lint-shell lint-man lint-docs
lint-rooms:
	$(PYTHON) tests/lint/rooms
lint-format:
	$(if $(C_FILES),$(CLANG_FORMAT) --dry-run -Werror $(C_FILES) $(H_FILES))
format:
	$(if $(C_FILES),$(CLANG_FORMAT) -i $(C_FILES) $(H_FILES))
lint-tidy: $(TIDY)
	@:
$(BUILD)/lint/%.tidy: % $(H_FILES) .clang-tidy
	mkdir -p $(@D)
	$(CLANG_TIDY) --quiet $< -- $(DEFS) \
	    $(filter-out -Werror,$(WARN)) $(call fuzzing,$<) \
	    $(if $(filter %/rc.c,$<),,-include tests/lint/analyzer.h) \
	    $(PKG_CFLAGS) 2>$@.log || { cat $@.log >&2; exit 1; }
	touch $@
lint-cppcheck:
	mkdir -p $(BUILD)/lint/cppcheck
	test -z '$(SRC)' || cppcheck --quiet --std=c11 --error-exitcode=1 -j2 \
	    --enable=warning,performance,portability --inline-suppr \
	    --suppressions-list=tests/lint/cppcheck.txt \
	    --cppcheck-build-dir=$(BUILD)/lint/cppcheck \
	    $(patsubst %,--include=%,$(wildcard /usr/include/*/sys/queue.h)) \
	    -D_GNU_SOURCE -Isrc -I. $(SRC) $(MAINS)
lint-shell:
	shellcheck $$(grep -rlE '^#!.*[ /](ba)?sh( |$$)' .ci contrib tests)
lint-man:
	$(foreach m,$(wildcard contrib/man/*.[1-8]), \
	    mandoc -T lint -W warning $(m) &&) true

# What is written, against what was built; as `make test` builds it.
lint-docs:
	$(MAKE) MODE=asan docs
docs: build $(B)/lint/lifecycle $(B)/lint/openapi
	$(NORANDOM) $(PYTHON) tests/lint/docs $(B)
$(B)/lint/lifecycle $(B)/lint/openapi: $(B)/lint/%: $(B)/tests/lint/%.o $(LIB)
	$(call link,$< $(LIB) $(LIBS))

# Writes contrib/openapi anew, from the tables.
.PHONY: openapi
openapi:
	$(MAKE) MODE=asan openapi-files
openapi-files: $(B)/lint/openapi
	for d in zehrava vantagate; do \
	    $(NORANDOM) $< $$d >contrib/openapi/$$d.json || exit 1; done

# --- installing -----------------------------------------------------------

D := $(DESTDIR)
.PHONY: install clean help
install: all
	$(INSTALL) -d $(D)$(bindir)
	$(INSTALL) $(addprefix $(BUILD)/release/,assentd assent) $(D)$(bindir)
	for m in $(wildcard contrib/man/*.[1-8]); do \
	    $(INSTALL) -D -m 644 $$m $(D)$(mandir)/man$${m##*.}/$${m##*/} || \
		exit 1; done
	for f in $(shell find policies templates -type f 2>/dev/null); do \
	    $(INSTALL) -D -m 644 $$f $(D)$(sharedir)/$$f || exit 1; done
	for u in $(wildcard contrib/*.service); do \
	    $(INSTALL) -d $(D)$(unitdir) && \
	    sed 's|@bindir@|$(bindir)|' $$u >$(D)$(unitdir)/$${u##*/} || exit 1; \
	done
	for c in assent assentd; do $(INSTALL) -D -m 644 \
	    contrib/completion/assent $(D)$(compdir)/$$c || exit 1; done
	$(INSTALL) -D -m 644 contrib/completion/_assent $(D)$(zshdir)/_assent

clean:
	rm -rf $(BUILD)

help:
	echo 'make                 build/assentd and build/assent (V=1 shows how)'
	echo 'make run             install what is missing, build, start assentd'
	echo 'make test            units and end-to-end under ASan and UBSan'
	echo 'make unit [T=arena]  unit tests, or tests/unit/test_arena.c alone'
	echo 'make e2e [T=name]    end-to-end tests, or those that match'
	echo 'make crash           kill -9 under load, CRASHES=500 times'
	echo 'make tsan            units and races under ThreadSanitizer'
	echo 'make fuzz [T=name]   every fuzz target for FUZZ_SECONDS=60'
	echo 'make bench           ratios against the bare libraries'
	echo 'make conformance     fakes and documents against the tools of others (npm)'
	echo 'make coverage        gcovr; pages in build/cov/index.html'
	echo 'make lint            rooms format tidy cppcheck shell docs'
	echo 'make lint-fast       the same without tidy and cppcheck'
	echo 'make openapi         contrib/openapi anew, from the tables'
	echo 'make format          clang-format in place'
	echo 'make install         DESTDIR= prefix=/usr/local'
	echo 'make clean           removes build/'
	echo 'JOBS=N works on N things at once; all cores by default.'
	echo 'KEEP_GOING=1 leaves out library sources that do not compile.'
