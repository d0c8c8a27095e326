# failsim: `make drill` shows a regional failover, `make test` runs all tests.
#
#   make            build build/failsim
#   make drill      set up, build, run the first drill
#   make test       set up, build, run all tests; last line: N passed, N failed
#   make bench      engine benchmarks against the in-tree floor
#   make install PREFIX=/usr/local
#   make clean
# Options: CC=clang, SAN=1 (AddressSanitizer and UBSan), DEBUG=1,
#   MPI=1 (failsim sweep on the ranks of mpirun; needs Open MPI: scripts/setup mpi).

CC ?= cc
ifeq ($(origin CC),default)
CC := gcc
endif
PREFIX ?= /usr/local
DESTDIR ?=

VARIANT := $(notdir $(firstword $(CC)))$(if $(SAN),-san)$(if $(DEBUG),-debug)
OUT := build/$(VARIANT)

PACKAGES := glib-2.0 gsl yaml-0.1
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null | sed 's/-I/-isystem /g')
PKG_LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)

VERSION := $(shell sed -n 's/^## \([0-9][0-9.]*\).*/\1/p' CHANGELOG.md 2>/dev/null | head -n 1)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
# -ffp-contract=off: the same floating-point results on every processor.
CFLAGS_ALL := -std=c17 -D_GNU_SOURCE $(WARN) -ffp-contract=off -fno-strict-overflow -g -pthread \
	-I. $(PKG_CFLAGS) -DFAILSIM_VERSION='"$(VERSION)"' $(CFLAGS)
LDFLAGS_ALL := -pthread $(LDFLAGS)
ifdef SAN
CFLAGS_ALL += -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_ALL += -fsanitize=address,undefined
else ifdef DEBUG
CFLAGS_ALL += -O0
else
CFLAGS_ALL += -O2
endif

SIM_OBJ    := $(patsubst %.c,$(OUT)/%.o,$(wildcard sim/*.c sim/dist/*.c))
MODELS_OBJ := $(patsubst %.c,$(OUT)/%.o,$(wildcard models/*.c))
CLI_OBJ    := $(patsubst %.c,$(OUT)/%.o,$(wildcard cli/*.c))
# tests/support/*.c are shared by the test programs; each tests/test_*.c is one program.
SUPPORT_OBJ := $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/support/*.c))
TEST_BIN   := $(patsubst tests/%.c,$(OUT)/tests/%,$(wildcard tests/test_*.c))
BENCH_BIN  := $(patsubst bench/%.c,$(OUT)/bench/%,$(wildcard bench/*.c))
LIB_SIM    := $(OUT)/libsim.a
LIB_MODELS := $(OUT)/libmodels.a

# As many compilers as processors, unless -j says otherwise.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2))

# V=1 shows the commands.
ifndef V
Q := @
endif

.PHONY: all drill test check bench install uninstall clean setup setup-test
.DELETE_ON_ERROR:

# With MPI=1 one object differs, so both programs are there and share the rest.
PROGRAM := failsim$(if $(MPI),-mpi)
all: $(OUT)/failsim $(OUT)/$(PROGRAM)
	@mkdir -p build && ln -sfn $(VARIANT)/$(PROGRAM) build/failsim

setup:
	@scripts/setup build

setup-test:
	@scripts/setup test

# The recursive make reads pkg-config again, after the installation.
drill: setup
	@$(MAKE) --no-print-directory $(JOBS) all
	@build/failsim run scenarios/north-india-outage.yaml -r 200

test: setup-test
	@$(MAKE) --no-print-directory $(JOBS) check

check: all $(TEST_BIN)
	@tests/run $(OUT)

bench: setup
	@$(MAKE) --no-print-directory bench-built

.PHONY: bench-built
bench-built: all $(BENCH_BIN)
	@bench/run $(OUT)
	@echo
	@bench/studies $(OUT)

$(OUT)/failsim: $(CLI_OBJ) $(LIB_MODELS) $(LIB_SIM)
	@$(if $(Q),echo '  LINK $@')
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) -lm

MPI_OBJ := $(OUT)/cli/cluster-mpi.o
$(OUT)/failsim-mpi: $(filter-out %/cluster.o,$(CLI_OBJ)) $(MPI_OBJ) $(LIB_MODELS) $(LIB_SIM) | $(OUT)/failsim
	@$(if $(Q),echo '  LINK $@')
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) $(shell mpicc --showme:link) -lm

$(MPI_OBJ): cli/cluster.c Makefile
	@mkdir -p $(@D)
	@$(if $(Q),echo '  CC   $< (MPI)')
	$(Q)$(CC) $(CFLAGS_ALL) -DFAILSIM_MPI $(patsubst -I%,-isystem %,$(shell mpicc --showme:compile)) \
		-MMD -MP -c -o $@ $<

$(LIB_SIM): $(SIM_OBJ)
$(LIB_MODELS): $(MODELS_OBJ)
$(OUT)/lib%.a:
	@rm -f $@
	$(Q)ar rcs $@ $^

$(OUT)/tests/test_%: $(OUT)/tests/test_%.o $(SUPPORT_OBJ) $(LIB_MODELS) $(LIB_SIM)
	@$(if $(Q),echo '  LINK $@')
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) -lm
$(OUT)/bench/%: $(OUT)/bench/%.o $(LIB_MODELS) $(LIB_SIM)
	@$(if $(Q),echo '  LINK $@')
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) -lm

$(OUT)/%.o: %.c Makefile CHANGELOG.md
	@mkdir -p $(@D)
	@$(if $(Q),echo '  CC   $<')
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/failsim/scenarios
	install -m 755 $(OUT)/$(PROGRAM) $(DESTDIR)$(PREFIX)/bin/failsim
	install -m 644 scenarios/*.yaml $(DESTDIR)$(PREFIX)/share/failsim/scenarios

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/failsim
	rm -rf $(DESTDIR)$(PREFIX)/share/failsim

clean:
	rm -rf build

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
.SECONDARY:
