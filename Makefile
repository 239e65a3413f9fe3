# Streamflow in C: what is built, from what, how.
#
#   make            programs, nginx module, page         make demo   see it run
#   make test       everything that can be checked       make bench  figures
#   make fuzz, make chaos   the long runs                make install, clean
#
# SAN=1 builds and tests a variant under ASan and UBSan in build/san.

VERSION := 0.1.0
BUILD   ?= build$(if $(SAN),/san)
PREFIX  ?= /usr/local
CC      := gcc
comma   := ,

WARN    := -Wall -Wextra -Werror -Wshadow -Wvla -Wpointer-arith
HARDEN  := -fstack-protector-strong -fPIC $(if $(SAN),,-D_FORTIFY_SOURCE=2)
SANITIZE := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-omit-frame-pointer)
CFLAGS  += -std=gnu11 -O2 -g $(WARN) $(HARDEN) $(SANITIZE) -MMD -MP -I. \
           -I$(BUILD)/gen -DLP_VERSION='"$(VERSION)"'
LDFLAGS += -Wl,-z,relro,-z,now $(SANITIZE)

COMMON  := $(wildcard common/util/*.c common/crypto/*.c common/eth/*.c \
                      common/pm/*.c common/media/*.c common/net/*.c) \
           $(wildcard common/signer/protocol*.c)
ORCH    := $(wildcard orchestrator/*.c)
TRANS   := $(wildcard orchestrator/transcoder/*.c)
SIGNER  := $(addprefix common/signer/,main.c conf.c conf_judge.c serve.c \
                                     sandbox.c)
CUSTODY := $(filter-out $(SIGNER) common/signer/protocol%,\
                        $(wildcard common/signer/*.c))
CTL     := $(wildcard common/ctl/*.c)
TOOLS   := $(patsubst %.c,$(BUILD)/%,$(wildcard t/tools/*.c t/bench/*.c))
UNITS   := $(patsubst %.c,$(BUILD)/%,$(wildcard t/unit/*.c))
FUZZ    := $(patsubst %.c,$(BUILD)/%,$(filter-out t/fuzz/standalone.c,\
                                       $(wildcard t/fuzz/*.c)))
LLHTTP  := $(patsubst %,$(BUILD)/llhttp/%.o,llhttp api http)

PROTO   := $(BUILD)/gen/lp_rpc.pb-c
LIB     := $(BUILD)/libcommon.a
LIBSIGN := $(BUILD)/libsigner.a
MODULE  := $(BUILD)/module/ngx_livepeer_module.so
BINS    := $(BUILD)/orchestrator/orchestrator \
           $(BUILD)/orchestrator/transcoder/transcoder \
           $(if $(wildcard common/signer/main.c),$(BUILD)/common/signer/signer) \
           $(BUILD)/common/ctl/livepeerctl

COMMON_LIBS := -lsecp256k1 -lprotobuf-c -lgmp -lcjson -lcrypto
ORCH_LIBS   := -levent_core -lnghttp2 -lssl -lcrypto -lcjson -lsqlite3 -lcurl \
               -lpthread -lm
TRANS_LIBS  := -lavcodec -lavfilter -lavutil -lswscale -lseccomp -lpthread -lm

objs = $(patsubst %.c,$(BUILD)/%.o,$(1))

.DELETE_ON_ERROR:
.PHONY: all programs module prepare units tools demo test bench chaos fuzz fuzzers \
        install clean packages

all: packages
	@$(MAKE) -s --no-print-directory -j$$(nproc) prepare programs module

packages:
	@docker/packages build run

programs: $(BINS)
module: $(MODULE)
units: $(UNITS)
tools: $(TOOLS) $(BUILD)/fail/orchestrator/orchestrator


# --- compile and link

$(BUILD)/%.o: %.c | $(PROTO).h
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CFLAGS) -c -o $@ $<

# no arithmetic there can overflow, and gcc takes minutes to check that it does
$(BUILD)/common/crypto/keccak_simd.o: SANITIZE := $(if $(SAN),-fsanitize=address)

$(PROTO).h $(PROTO).c &: common/net/lp_rpc.proto
	@mkdir -p $(@D)
	@protoc-c --c_out=$(BUILD)/gen --proto_path=common/net $<

$(PROTO).o: $(PROTO).c
	@$(CC) -O2 -g -fPIC $(SANITIZE) -I$(BUILD)/gen -c -o $@ $<

$(LIB): $(call objs,$(COMMON)) $(PROTO).o
	@rm -f $@
	@ar rcs $@ $^

# what holds a key: the signer's, the orchestrator's when it is embedded there
$(LIBSIGN): $(call objs,$(CUSTODY))
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/llhttp/%.o: /usr/share/llhttp/%.c
	@mkdir -p $(@D)
	@$(CC) -O2 -g -fPIC -I/usr/share/include/llhttp -c -o $@ $<

$(call objs,$(ORCH)): CFLAGS += -I/usr/share/include/llhttp

$(BUILD)/orchestrator/orchestrator: $(call objs,$(ORCH)) $(LIBSIGN) $(LIB) \
                                    $(LLHTTP)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(ORCH_LIBS) $(COMMON_LIBS)

# the same, killed where a test says (common/util/failpoint.h)
FAIL := $(patsubst %.c,$(BUILD)/fail/%.o,$(ORCH) common/util/failpoint.c)
$(FAIL): CFLAGS += -DLP_FAILPOINTS -I/usr/share/include/llhttp
$(BUILD)/fail/%.o: %.c | $(PROTO).h
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -c -o $@ $<

$(BUILD)/fail/orchestrator/orchestrator: $(FAIL) $(LIBSIGN) $(LIB) $(LLHTTP)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(ORCH_LIBS) $(COMMON_LIBS)

$(BUILD)/orchestrator/transcoder/transcoder: $(call objs,$(TRANS)) $(LIB)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(TRANS_LIBS) $(COMMON_LIBS)

$(BUILD)/common/signer/signer: $(call objs,$(SIGNER)) $(LIBSIGN) $(LIB)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lseccomp $(COMMON_LIBS)

$(BUILD)/common/ctl/livepeerctl: $(call objs,$(CTL)) $(LIBSIGN) $(LIB)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lcurl $(COMMON_LIBS)

# nginx's feature tests run beside the compiler: they are half of a first build
prepare:
	@SAN=$(SAN) ngx_livepeer_module/build $(BUILD) prepare

$(MODULE): $(LIB) $(wildcard ngx_livepeer_module/*.[ch] ngx_livepeer_module/config \
                            ngx_livepeer_module/build ngx_livepeer_module/www/*) \
           | prepare
	@SAN=$(SAN) ngx_livepeer_module/build $(BUILD)

# a test or a tool is one file on libcommon; httpd stands on the server too
$(BUILD)/t/%: t/%.c $(LIB)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -MF $@.d -o $@ $(filter %.c %.o,$^) \
	    $(filter $(LIBSIGN),$^) $(LIB) $(TOOL_LIBS) $(COMMON_LIBS)

HTTP_OBJS := $(call objs,$(wildcard orchestrator/http*.c \
                          $(addprefix orchestrator/,loop.c tls.c limit.c)))
$(BUILD)/t/tools/httpd: $(HTTP_OBJS) $(LLHTTP)
$(BUILD)/t/tools/httpd: TOOL_LIBS := $(ORCH_LIBS)
$(BUILD)/t/bench/segload: TOOL_LIBS := -lcurl
$(BUILD)/t/unit/lottery $(BUILD)/t/bench/lotteryload: TOOL_LIBS := -lm
$(patsubst %.c,$(BUILD)/%,$(wildcard t/unit/sign_*.c)): $(LIBSIGN)

STORE_OBJS := $(call objs,$(wildcard orchestrator/store*.c) \
                          $(addprefix orchestrator/,loop.c metrics.c))
MONEY_OBJS := $(call objs,$(addprefix orchestrator/,payments.c \
                          payments_payer.c payments_price.c token.c loop.c))
$(BUILD)/t/unit/store: $(STORE_OBJS)
$(BUILD)/t/unit/plan: $(call objs,orchestrator/redeemer_plan.c)
$(BUILD)/t/unit/payments: $(MONEY_OBJS)
$(BUILD)/t/unit/store $(BUILD)/t/unit/payments: TOOL_LIBS := $(ORCH_LIBS)


# --- run

demo:
	@docker/packages build run demo
	@$(MAKE) -s --no-print-directory -j$$(nproc) prepare programs module \
	    $(if $(filter off,$(DEMO_CHAIN)),,contracts)
	@BUILD=$(BUILD) t/demo

test: all
	@docker/packages demo test
	@$(MAKE) -s --no-print-directory -j$$(nproc) units tools node contracts
	@BUILD=$(BUILD) t/run t

bench: all
	@docker/packages demo test bench
	@$(MAKE) -s --no-print-directory -j$$(nproc) tools node
	@BUILD=$(BUILD) t/bench/run $(B)

chaos: all
	@docker/packages demo test
	@$(MAKE) -s --no-print-directory -j$$(nproc) units tools contracts
	@BUILD=$(BUILD) t/run t/chaos
	@$(MAKE) --no-print-directory contracts-chaos

# each target for FUZZ_SECONDS, with what the last run has found as a start
FUZZ_SECONDS ?= 60
$(BUILD)/t/fuzz/%: t/fuzz/%.c $(COMMON) $(PROTO).c
	@mkdir -p $(@D)
	@echo "  FUZZ  $<"
	@clang-14 -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -I. \
	    -I$(BUILD)/gen -o $@ $< $(COMMON) $(PROTO).c $(COMMON_LIBS)

# the same for a few seconds inside `make test`, without clang
$(BUILD)/t/shortfuzz/%: t/fuzz/%.c t/fuzz/standalone.c $(LIB)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) -MF $@.d -o $@ $(filter %.c,$^) $(LIB) \
	    $(COMMON_LIBS)

fuzzers:
	@docker/packages build fuzz
	@$(MAKE) -s --no-print-directory -j$$(nproc) $(FUZZ)

fuzz: fuzzers
	@BUILD=$(BUILD) t/fuzz/run $(FUZZ_SECONDS) $(FUZZ)

# browser and player, pinned by hash in t/package-lock.json
node: $(BUILD)/node/.done
.PHONY: node
$(BUILD)/node/.done: t/package.json t/package-lock.json
	@mkdir -p $(@D)
	@cp t/package.json t/package-lock.json $(@D)
	@cd $(@D) && npm ci --silent --no-audit --no-fund
	@touch $@

-include $(wildcard common/contracts/contracts.mk)

install: all install-contracts
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/nginx/modules \
	           $(DESTDIR)$(PREFIX)/share/doc/livepeer
	install -m 755 $(BINS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(MODULE) $(DESTDIR)$(PREFIX)/lib/nginx/modules
	install -m 644 README.md $(DESTDIR)$(PREFIX)/share/doc/livepeer

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
