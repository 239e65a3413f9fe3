// Where delegators go when they look only at fees: forty rounds on a dev chain
// with three orchestrators and greedy delegators. The paper predicts that all
// pay the same per staked LPT in the end, with stake in proportion to
// feeShare * fees. Writes a table and a plot.
//
//     node economics.js --out DIR [--rounds N]
'use strict';

const { spawn } = require('child_process');
const fs = require('fs');
const net = require('net');
const path = require('path');
const { Chain, keccak } = require('./rpc');
const system = require('./deploy');

const { LPT, ETH } = system;
// What each node earns per round, and which part of it it gives.
const NODES = [
    { name: 'A', feeShare: 500000n, fees: 6n * ETH, self: 100n },
    { name: 'B', feeShare: 300000n, fees: 4n * ETH, self: 100n },
    { name: 'C', feeShare: 800000n, fees: 2n * ETH, self: 100n },
];
// A delegator moves as a whole, so it takes many small ones to get close to
// equal. All are with A at first.
const DELEGATORS = 300;
const STAKE = 50n; // LPT each
const MOVERS = 15; // that look around in one round

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

function freePort() {
    return new Promise((done) => {
        const server = net.createServer();
        server.listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => done(port));
        });
    });
}

async function anvil(run) {
    const port = await freePort();
    const file = path.join(process.env.NODE_PATH, '@foundry-rs/anvil-linux-amd64/bin/anvil');
    const child = spawn(file, ['--host', '127.0.0.1', '--port', port, '--silent', '--prune-history',
        '--accounts', String(5 + DELEGATORS), '--balance', '1000000'], { stdio: 'inherit' });
    process.on('exit', () => child.kill('SIGKILL'));
    const chain = new Chain('http://127.0.0.1:' + port);
    try {
        for (let n = 0; ; n++) {
            try {
                await chain.rpc('eth_chainId');
                break;
            } catch (error) {
                if (n > 1000) throw error;
                await sleep(10);
            }
        }
        return await run(chain);
    } finally {
        child.kill('SIGTERM');
    }
}

// The fees of a round as the broker would credit them: it is the only caller
// that BondingManager listens to.
async function creditFees(chain, at, node, round) {
    await chain.send(at.TicketBroker, at.BondingManager,
        'updateTranscoderWithFees(address,uint256,uint256)', [node.address, node.fees, round]);
}

// ETH per staked LPT and round, from the chain's own cumulative factors.
async function rho(chain, at, node, round) {
    const factor = async (r, index) => {
        const pool = await chain.call(at.BondingManager,
            'getTranscoderEarningsPoolForRound(address,uint256)', [node.address, r]);
        return BigInt('0x' + pool.slice(2 + 64 * index, 66 + 64 * index));
    };
    const fees = (await factor(round, 4)) - (await factor(round - 1n, 4));
    const base = (await factor(round - 1n, 3)) || 10n ** 27n;
    return Number((fees * ETH) / base) / 1e18;
}

const stakeOf = (chain, at, node) =>
    chain.number(at.BondingManager, 'transcoderTotalStake(address)', [node.address]);

async function delegateOf(chain, at, who) {
    const words = await chain.call(at.BondingManager, 'getDelegator(address)', [who]);
    return '0x' + words.slice(2 + 64 * 2 + 24, 2 + 64 * 3);
}

// Moves where the income per LPT is larger even with the own stake in it.
async function look(chain, at, who, nodes) {
    const now = await delegateOf(chain, at, who);
    const stakes = await Promise.all(nodes.map((n) => stakeOf(chain, at, n)));
    let best = null;
    let most = 0;
    nodes.forEach((n, i) => {
        const here = n.address.toLowerCase() === now.toLowerCase();
        const stake = here ? stakes[i] : stakes[i] + STAKE * LPT;
        const income = Number(n.fees * n.feeShare) / Number(stake);
        // Of two equals it stays where it is.
        if (income > most || (here && income === most)) [best, most] = [here ? null : n, income];
    });
    if (!best) return false;
    await chain.send(who, at.BondingManager, 'bond(uint256,address)', [0n, best.address]);
    return true;
}

async function simulate(chain, rounds, bin) {
    const accounts = await chain.rpc('eth_accounts');
    const [owner, keeper] = accounts;
    const nodes = NODES.map((n, i) => ({ ...n, address: accounts[2 + i] }));
    const delegators = accounts.slice(5);
    // Without inflation only fees move stake, as in the formula.
    const at = await system.contracts(chain, owner, bin, {
        inflation: 0n,
        inflationChange: 0n,
        roundLength: 1500n, // long enough for the beginning: a block each
    });
    await system.supply(chain, owner, at, accounts);
    await system.nextRound(chain, keeper, at);
    for (const n of nodes) {
        await system.orchestrator(chain, n.address, at,
            { stake: n.self * LPT, rewardCut: 0n, feeShare: n.feeShare });
    }
    for (let i = 0; i < delegators.length; i += 20) {
        await Promise.all(delegators.slice(i, i + 20)
            .map((d) => system.bond(chain, d, at, STAKE * LPT, nodes[0].address)));
    }
    await chain.send(owner, at.RoundsManager, 'setRoundLength(uint256)', [40n]);
    await chain.rpc('anvil_impersonateAccount', at.TicketBroker);
    await chain.rpc('anvil_setBalance', at.TicketBroker, '0x' + (10n ** 24n).toString(16));
    await system.nextRound(chain, keeper, at);

    const series = [];
    for (let r = 0; r < rounds; r++) {
        const round = await chain.number(at.RoundsManager, 'currentRound()');
        for (const n of nodes) {
            await chain.send(n.address, at.BondingManager, 'reward()');
            await creditFees(chain, at, n, round);
        }
        const entry = { round: Number(round), rho: [], stake: [], moved: 0 };
        for (const n of nodes) {
            entry.rho.push(await rho(chain, at, n, round));
            entry.stake.push(Number((await stakeOf(chain, at, n)) / 10n ** 15n) / 1000);
        }
        for (let k = 0; k < MOVERS; k++) {
            const who = delegators[(r * MOVERS + k) % delegators.length];
            if (await look(chain, at, who, nodes)) entry.moved++;
        }
        series.push(entry);
        await system.nextRound(chain, keeper, at);
    }
    return { nodes, series };
}

const spread = (values) => (Math.max(...values) - Math.min(...values)) / Math.max(...values);

function table({ nodes, series }) {
    const last = series[series.length - 1];
    const weight = nodes.map((n) => Number(n.feeShare * n.fees));
    const sum = weight.reduce((a, b) => a + b);
    const total = last.stake.reduce((a, b) => a + b);
    const lines = ['round  ' + nodes.map((n) => `stake ${n.name}`.padStart(12)).join('') +
        nodes.map((n) => `rho ${n.name}`.padStart(14)).join('') + '   spread  moved'];
    for (const e of series) {
        lines.push(String(e.round).padStart(5) + '  ' +
            e.stake.map((s) => s.toFixed(1).padStart(12)).join('') +
            e.rho.map((x) => x.toExponential(4).padStart(14)).join('') +
            (100 * spread(e.rho)).toFixed(2).padStart(8) + '%' + String(e.moved).padStart(7));
    }
    lines.push('', 'node    share of stake   by the formula');
    nodes.forEach((n, i) => {
        lines.push(n.name.padEnd(8) + (last.stake[i] / total).toFixed(4).padStart(14) +
            (weight[i] / sum).toFixed(4).padStart(17));
    });
    return lines.join('\n') + '\n';
}

function plot({ nodes, series }) {
    const [width, height, left, top] = [720, 400, 70, 30];
    const most = Math.max(...series.flatMap((e) => e.rho));
    const x = (i) => left + (i * (width - left - 20)) / Math.max(1, series.length - 1);
    const y = (v) => height - 40 - (v / most) * (height - 40 - top);
    const colors = ['#1b6ca8', '#c0392b', '#2e8b57'];
    const curve = (k) => series.map((e, i) => `${x(i).toFixed(1)},${y(e.rho[k]).toFixed(1)}`).join(' ');
    const text = (tx, ty, anchor, s, color = '#333') =>
        `<text x="${tx}" y="${ty}" text-anchor="${anchor}" fill="${color}">${s}</text>`;
    const marks = [0, 0.25, 0.5, 0.75, 1].map((f) =>
        `<line x1="${left}" x2="${width - 20}" y1="${y(f * most)}" y2="${y(f * most)}" stroke="#ddd"/>` +
        text(left - 6, y(f * most) + 4, 'end', (f * most * 1000).toFixed(2)));
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
        `font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="#fff"/>\n` +
        text(left, 18, 'start', 'Fees per staked LPT and round, thousandths of an ETH') + '\n' +
        marks.join('\n') + '\n' +
        nodes.map((n, k) => `<polyline fill="none" stroke="${colors[k]}" stroke-width="2" points="${curve(k)}"/>` +
            text(width - 30, top + 16 * k + 6, 'end',
                `node ${n.name}: share ${Number(n.feeShare) / 1e4} %, ${Number(n.fees / ETH)} ETH a round`, colors[k]))
            .join('\n') + '\n' +
        [0, 10, 20, 30, series.length - 1].filter((i) => i < series.length)
            .map((i) => text(x(i), height - 22, 'middle', series[i].round)).join('\n') +
        text((left + width) / 2, height - 6, 'middle', 'round') + '\n</svg>\n';
}

async function main(argv) {
    const value = (name, other) => (argv.includes(name) ? argv[argv.indexOf(name) + 1] : other);
    const out = path.resolve(value('--out', '.'));
    const rounds = Number(value('--rounds', 40));
    const bin = path.join(process.env.NODE_PATH, '../../bin');
    const result = await anvil((chain) => simulate(chain, rounds, bin));
    const last = result.series[result.series.length - 1];
    const total = last.stake.reduce((a, b) => a + b);
    const weight = result.nodes.map((n) => Number(n.feeShare * n.fees));
    const sum = weight.reduce((a, b) => a + b);
    const off = Math.max(...last.stake.map((s, i) => Math.abs(s / total - weight[i] / sum)));

    fs.mkdirSync(out, { recursive: true });
    fs.writeFileSync(path.join(out, 'economics.txt'), table(result));
    fs.writeFileSync(path.join(out, 'economics.svg'), plot(result));
    console.log(JSON.stringify({ rounds, spread: spread(last.rho), share_error: off,
        first_spread: spread(result.series[0].rho) }));
    process.exit(0);
}

main(process.argv.slice(2)).catch((error) => {
    console.error('economics: ' + error.message);
    process.exit(1);
});
