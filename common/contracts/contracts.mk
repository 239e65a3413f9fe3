# The contracts, their tests and the dev chain. Everything made lies below
# $(BUILD)/contracts; compiler, node and OpenZeppelin come from npm, pinned.
#
#   make contracts            compile, ABI of each contract as JSON
#   make contracts-test       unit, fuzz, short invariants
#   make contracts-chaos      invariants at 256 runs x 500 calls, long fuzz
#   make contracts-coverage   what the tests reach     contracts-gas   what it costs
#   make contracts-economics  40 rounds with greedy delegators, SVG and table
#   make devchain             a chain on loopback with all of it; devchain-stop
#
# DEVCHAIN_PORT=N, DEVCHAIN_STATE=FILE (kept between runs), DEVCHAIN_BLOCK_TIME=S

CONTRACTS     := common/contracts
CONTRACTS_OUT := $(BUILD)/contracts
CONTRACTS_SRC := $(shell find $(CONTRACTS)/src -name '*.sol') $(CONTRACTS)/foundry.toml
FORGE         := BUILD=$(BUILD) flock $(CONTRACTS_OUT)/.lock $(CONTRACTS)/tool forge

DEVCHAIN_PORT       ?=
DEVCHAIN_STATE      ?=
DEVCHAIN_BLOCK_TIME ?= 1

.PHONY: contracts contracts-tools contracts-test contracts-chaos \
        contracts-coverage contracts-gas contracts-economics \
        install-contracts devchain devchain-stop

contracts-tools: $(CONTRACTS_OUT)/npm/.done

$(CONTRACTS_OUT)/npm/.done: $(CONTRACTS)/package.json $(CONTRACTS)/package-lock.json
	@command -v npm >/dev/null || { echo "contracts: npm is missing," \
	    "install it: apt-get install npm" >&2; exit 1; }
	@mkdir -p $(@D)
	@flock $(@D) sh -ec 'test $@ -nt $< -a $@ -nt $(word 2,$^) && exit; \
	    echo "  NPM   $(CONTRACTS)"; cp $^ $(CONTRACTS)/.npmrc $(@D); \
	    cd $(@D); npm ci --silent && touch .done && exit; \
	    echo "contracts: npm could not fetch the packages of $(CONTRACTS)" >&2; exit 1'

contracts: $(CONTRACTS_OUT)/abi/.done

# Two makes at once are fine: under the locks the second finds the work done.
$(CONTRACTS_OUT)/abi/.done: $(CONTRACTS_OUT)/npm/.done $(CONTRACTS_SRC) $(CONTRACTS)/export.js
	@echo "  SOLC  $(CONTRACTS)"
	@$(FORGE) build --skip test --quiet
	@BUILD=$(BUILD) $(CONTRACTS)/tool node $(CONTRACTS)/export.js $(CONTRACTS_OUT)
	@touch $@

contracts-test: contracts
	@$(FORGE) test

contracts-chaos: contracts
	@FOUNDRY_INVARIANT_RUNS=256 FOUNDRY_INVARIANT_DEPTH=500 FOUNDRY_FUZZ_RUNS=4096 \
	    $(FORGE) test

contracts-coverage: contracts
	@BUILD=$(BUILD) $(CONTRACTS)/coverage

contracts-gas: contracts
	@$(FORGE) snapshot --quiet --match-contract GasTest --snap $(abspath $(CONTRACTS_OUT))/gas
	@cat $(CONTRACTS_OUT)/snapshots/gas.json

contracts-economics: contracts
	@BUILD=$(BUILD) $(CONTRACTS)/tool node $(CONTRACTS)/economics.js --out $(CONTRACTS_OUT)

install-contracts: contracts
	install -d $(DESTDIR)$(PREFIX)/share/livepeer/abi
	install -m 644 $(CONTRACTS_OUT)/abi/*.json $(DESTDIR)$(PREFIX)/share/livepeer/abi

devchain: contracts
	@BUILD=$(BUILD) $(CONTRACTS)/tool node $(CONTRACTS)/devchain.js start \
	    --out $(BUILD)/devchain.json --block-time $(DEVCHAIN_BLOCK_TIME) \
	    $(if $(DEVCHAIN_PORT),--port $(DEVCHAIN_PORT)) \
	    $(if $(DEVCHAIN_STATE),--state $(DEVCHAIN_STATE))

devchain-stop:
	@node $(CONTRACTS)/devchain.js stop --out $(BUILD)/devchain.json
