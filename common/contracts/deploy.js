// The whole system on a fresh chain, in the order of the specification: names,
// parameters, money and roles, first round, demo accounts.
'use strict';

const { Deployer, keccak } = require('./rpc');

const LPT = 10n ** 18n;
const ETH = 10n ** 18n;
const MAX = 2n ** 256n - 1n;
const NO_COMMIT = '0x' + '00'.repeat(20);

const defaults = {
    roundLength: 50n, // must exceed the 40 blocks that ticket parameters live
    roundLockAmount: 100000n,
    unbondingPeriod: 7n,
    numActiveTranscoders: 10n,
    unlockPeriod: 2n,
    ticketValidityPeriod: 2n,
    inflation: 220500n,
    inflationChange: 500n,
    targetBondingRate: 500000000n,
    minStake: 0n,
    maxWeight: MAX,
};

async function contracts(chain, owner, dir, settings) {
    const p = { ...defaults, ...settings };
    const deployer = new Deployer(chain, owner, dir);
    const at = {};
    const register = (name, where) =>
        chain.send(owner, at.Controller, 'setContractInfo(bytes32,address,bytes20)',
            [keccak(name), where, NO_COMMIT]);
    const proxied = async (name) => {
        const target = await deployer.deploy(name, ['address'], [at.Controller]);
        await register(name + 'Target', target);
        at[name] = await deployer.deploy('ManagerProxy', ['address', 'bytes32'],
            [at.Controller, keccak(name + 'Target')]);
        await register(name, at[name]);
    };
    const set = (name, signature, ...values) => chain.send(owner, at[name], signature, values);

    at.Controller = await deployer.deploy('Controller');
    at.LivepeerToken = await deployer.deploy('LivepeerToken');
    await register('LivepeerToken', at.LivepeerToken);
    at.Minter = await deployer.deploy('Minter', ['address', 'uint256', 'uint256', 'uint256'],
        [at.Controller, p.inflation, p.inflationChange, p.targetBondingRate]);
    await register('Minter', at.Minter);
    for (const name of ['TicketBroker', 'BondingManager', 'RoundsManager', 'ServiceRegistry']) {
        await proxied(name);
    }
    // Minter knows the broker by the name of the contract it once replaced.
    await register('JobsManager', at.TicketBroker);
    at.L2LPTDataCache = await deployer.deploy('SupplyCache');
    await register('L2LPTDataCache', at.L2LPTDataCache);

    at.FaultVerifier = await deployer.deploy('FaultVerifier', ['address'], [at.Controller]);
    await register('Verifier', at.FaultVerifier);
    at.MockVerifier = await deployer.deploy('MockVerifier', ['address'], [at.Controller]);
    at.SolverQuorumVerifier = await deployer.deploy('SolverQuorumVerifier', ['address', 'uint256'],
        [at.Controller, 10n]);
    for (const judge of [at.MockVerifier, at.SolverQuorumVerifier]) {
        await set('FaultVerifier', 'approveVerifier(address,uint8)', judge, 2);
    }

    await set('BondingManager', 'setUnbondingPeriod(uint64)', p.unbondingPeriod);
    await set('BondingManager', 'setNumActiveTranscoders(uint256)', p.numActiveTranscoders);
    await set('BondingManager', 'setActiveSetPolicy(uint256,uint256)', p.minStake, p.maxWeight);
    await set('RoundsManager', 'setRoundLength(uint256)', p.roundLength);
    await set('RoundsManager', 'setRoundLockAmount(uint256)', p.roundLockAmount);
    await set('TicketBroker', 'setUnlockPeriod(uint256)', p.unlockPeriod);
    await set('TicketBroker', 'setTicketValidityPeriod(uint256)', p.ticketValidityPeriod);

    at.LivepeerTokenFaucet = await deployer.deploy('LivepeerTokenFaucet',
        ['address', 'uint256', 'uint256'], [at.LivepeerToken, 1000n * LPT, 0n]);
    await register('LivepeerTokenFaucet', at.LivepeerTokenFaucet);
    return at;
}

async function supply(chain, owner, at, accounts) {
    const mint = keccak('MINTER_ROLE');
    const token = (signature, ...values) => chain.send(owner, at.LivepeerToken, signature, values);
    await token('grantRole(bytes32,address)', mint, owner);
    await token('mint(address,uint256)', at.LivepeerTokenFaucet, 10000000n * LPT);
    for (const account of accounts) await token('mint(address,uint256)', account, 100000n * LPT);
    await token('renounceRole(bytes32,address)', mint, owner);
    await token('grantRole(bytes32,address)', mint, at.Minter);
    // Without this role a slash reverts: its penalty is burned.
    await token('grantRole(bytes32,address)', keccak('BURNER_ROLE'), at.Minter);
    await chain.send(owner, at.Controller, 'unpause()');
}

async function nextRound(chain, from, at) {
    const start = await chain.number(at.RoundsManager, 'currentRoundStartBlock()');
    const length = await chain.number(at.RoundsManager, 'roundLength()');
    const head = BigInt(await chain.rpc('eth_blockNumber'));
    // The transaction itself comes in the block after these.
    const missing = start + length - head - 1n;
    if (missing > 0n) await chain.rpc('anvil_mine', '0x' + missing.toString(16));
    await chain.send(from, at.RoundsManager, 'initializeRound()');
}

async function bond(chain, who, at, amount, to) {
    await chain.send(who, at.LivepeerToken, 'approve(address,uint256)', [at.BondingManager, MAX]);
    await chain.send(who, at.BondingManager, 'bond(uint256,address)', [amount, to]);
}

async function orchestrator(chain, who, at, { stake, rewardCut, feeShare, uri }) {
    await bond(chain, who, at, stake, who);
    await chain.send(who, at.BondingManager, 'transcoder(uint256,uint256)', [rewardCut, feeShare]);
    if (!uri) return;
    await chain.send(who, at.ServiceRegistry, 'setServiceURI(string)', [uri]);
    const ids = ['CPUTranscoding', 'GPUTranscoding', 'SegmentVerification'].map(keccak).sort();
    const judged = keccak('CPUTranscoding'); // only its results are the same bytes everywhere
    await chain.send(who, at.ServiceRegistry, 'setServices(bytes32[],address[])',
        [ids, ids.map((id) => (id === judged ? at.MockVerifier : 0n))]);
}

module.exports = { contracts, supply, nextRound, bond, orchestrator, LPT, ETH };
