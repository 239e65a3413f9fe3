# Streamflow in C: what is built, from what, how. `make help` lists the doors.

BUILD  ?= build$(if $(SAN),/san)
PREFIX ?= /usr/local
CC     := gcc
VERSION := 0.1.0

WARN   := -Wall -Wextra -Werror -Wshadow -Wvla -Wpointer-arith
HARDEN := -fstack-protector-strong -fPIC $(if $(SAN),,-D_FORTIFY_SOURCE=2)
SANFLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-omit-frame-pointer)
comma  := ,
CFLAGS += -std=gnu11 -O2 -g $(WARN) $(HARDEN) $(SANFLAGS) -MMD -MP -I. \
          -I$(BUILD)/gen -DLP_VERSION='"$(VERSION)"'
LDFLAGS += -Wl,-z,relro,-z,now $(SANFLAGS)

COMMON := $(wildcard common/util/*.c common/crypto/*.c common/eth/*.c \
                     common/pm/*.c common/media/*.c common/net/*.c)
PROTO  := $(BUILD)/gen/lp_rpc.pb-c
ORCH   := $(wildcard orchestrator/*.c)
TRANS  := $(wildcard orchestrator/transcoder/*.c)
UNITS  := $(patsubst t/%.c,$(BUILD)/t/%,$(wildcard t/unit/*.c))
FUZZ   := $(patsubst t/%.c,$(BUILD)/t/%,$(wildcard t/fuzz/*.c))

COMMON_LIBS := -lsecp256k1 -lprotobuf-c
ORCH_LIBS   := -levent_core -levent_pthreads -lnghttp2 -lssl -lcrypto -lcjson
TRANS_LIBS  := -lavcodec -lavfilter -lavutil -lswscale -lseccomp -lpthread -lm

objs = $(patsubst %.c,$(BUILD)/%.o,$(1))

all: deps programs module

programs: $(BUILD)/orchestrator/orchestrator $(BUILD)/orchestrator/transcoder/transcoder
	@ln -sf orchestrator/transcoder/transcoder $(BUILD)/transcoder.bin 2>/dev/null || true

$(BUILD)/%.o: %.c | $(PROTO).h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

$(PROTO).h $(PROTO).c &: common/net/lp_rpc.proto
	@mkdir -p $(@D)
	protoc-c --c_out=$(BUILD)/gen --proto_path=common/net $<

$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	$(CC) -std=gnu11 -O2 -g -fPIC $(SANFLAGS) -I$(BUILD)/gen -c -o $@ $<

$(BUILD)/libcommon.a: $(call objs,$(COMMON)) $(PROTO).o
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/llhttp/%.o: /usr/share/llhttp/%.c
	@mkdir -p $(@D)
	$(CC) -O2 -g -fPIC -I/usr/share/include/llhttp -c -o $@ $<

$(BUILD)/orchestrator/orchestrator: $(call objs,$(ORCH)) $(BUILD)/libcommon.a \
        $(patsubst %,$(BUILD)/llhttp/%.o,llhttp api http)
	$(CC) $(LDFLAGS) -o $@ $^ $(ORCH_LIBS) $(COMMON_LIBS)

$(BUILD)/orchestrator/transcoder/transcoder: $(call objs,$(TRANS)) $(BUILD)/libcommon.a
	$(CC) $(LDFLAGS) -o $@ $^ $(TRANS_LIBS) $(COMMON_LIBS)

$(BUILD)/t/unit/%: t/unit/%.c $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -MF $@.d -o $@ $< $(BUILD)/libcommon.a $(COMMON_LIBS)

units: $(UNITS)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
