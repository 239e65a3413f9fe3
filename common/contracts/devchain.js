// A chain for a laptop: Anvil on loopback with all contracts, funded accounts
// and turning rounds.
//
//     node devchain.js start --out FILE [--port N] [--state FILE]
//                            [--block-time S] [--service-uri URI]...
//     node devchain.js stop --out FILE
//
// `start` comes back when the chain is ready; what runs on is `serve`, which
// owns Anvil, calls initializeRound and ends with it.
'use strict';

const { spawn } = require('child_process');
const fs = require('fs');
const net = require('net');
const path = require('path');

const ROLES = [
    'deployer', 'keeper', 'broadcaster', 'orchestrator1', 'orchestrator2', 'delegator1',
    'delegator2', 'verifier', 'broadcaster2', 'spare',
];
const READY_SECONDS = 60;

function fail(sentence) {
    console.error('devchain: ' + sentence);
    process.exit(1);
}

function options(argv) {
    const o = { uris: [], blockTime: 1 };
    const names = { '--out': 'out', '--port': 'port', '--state': 'state', '--block-time': 'blockTime' };
    for (let i = 0; i < argv.length; i += 2) {
        if (argv[i + 1] === undefined) fail(argv[i] + ' needs a value.');
        if (argv[i] === '--service-uri') o.uris.push(argv[i + 1]);
        else if (names[argv[i]]) o[names[argv[i]]] = argv[i + 1];
        else fail('there is no option ' + argv[i] + '.');
    }
    if (!o.out) fail('--out FILE is missing.');
    if (o.port !== undefined && !(Number(o.port) > 0 && Number(o.port) < 65536)) {
        fail('port ' + o.port + ' is not a number from 1 to 65535.');
    }
    if (!(Number(o.blockTime) >= 0)) fail('block time ' + o.blockTime + ' is not a number of seconds.');
    o.out = path.resolve(o.out);
    o.keys = o.out.replace(/\.json$/, '') + '-keys';
    o.pids = o.out.replace(/\.json$/, '') + '.pid';
    o.log = o.out.replace(/\.json$/, '') + '.log';
    if (o.uris.length === 0) o.uris = ['https://127.0.0.1:8935', 'https://127.0.0.1:8936'];
    return o;
}

// Resolves to the port when it can be bound, to 0 when it is taken.
function probe(port) {
    return new Promise((done) => {
        const server = net.createServer();
        server.once('error', () => done(0));
        server.listen(port, '127.0.0.1', () => {
            const found = server.address().port;
            server.close(() => done(found));
        });
    });
}

async function choosePort(wanted) {
    if (wanted === undefined) return (await probe(8545)) || probe(0);
    if (await probe(Number(wanted))) return Number(wanted);
    return fail('port ' + wanted + ' is taken, give another one: make devchain DEVCHAIN_PORT=N.');
}

// A pid in a file may by now belong to somebody else.
function alive(pid, word) {
    try {
        const stat = fs.readFileSync('/proc/' + pid + '/stat', 'utf8');
        if (/\) [ZX] /.test(stat)) return false;
        return fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8').includes(word);
    } catch {
        return false;
    }
}

function running(o) {
    try {
        const pids = JSON.parse(fs.readFileSync(o.pids, 'utf8'));
        return [['serve', 'devchain.js'], ['anvil', 'anvil']]
            .filter(([who, word]) => alive(pids[who], word)).map(([who]) => pids[who]);
    } catch {
        return [];
    }
}

function clean(o) {
    for (const file of [o.out, o.pids]) fs.rmSync(file, { force: true });
    fs.rmSync(o.keys, { recursive: true, force: true });
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function start(o, argv) {
    if (Number(process.versions.node.split('.')[0]) < 18) {
        fail('node ' + process.versions.node + ' is too old, 18 is the least.');
    }
    if (running(o).length > 0) fail('it runs already, stop it first: make devchain-stop.');
    const port = await choosePort(o.port);
    clean(o);
    fs.mkdirSync(path.dirname(o.out), { recursive: true });
    const log = fs.openSync(o.log, 'w');
    const args = argv.filter((_, i) => argv[i - 1] !== '--port' && argv[i] !== '--port');
    const child = spawn(process.execPath, [__filename, 'serve', ...args, '--port', String(port)],
        { detached: true, stdio: ['ignore', log, log] });

    let ended = false;
    child.on('exit', () => { ended = true; });
    for (let n = 0; n < READY_SECONDS * 50 && !ended; n++) {
        if (fs.existsSync(o.out)) {
            const info = JSON.parse(fs.readFileSync(o.out, 'utf8'));
            console.log('devchain: ' + info.rpc + ', controller ' + info.controller + ', ' + o.out);
            child.unref();
            return;
        }
        await sleep(20);
    }
    if (!ended) child.kill('SIGTERM');
    const last = fs.readFileSync(o.log, 'utf8').trim().split('\n').pop();
    fail('it did not become ready: ' + (last || 'see ' + o.log));
}

// One of the two ends when the other does, perhaps just now.
function signal(pid, name) {
    try {
        process.kill(pid, name);
    } catch (error) {
        if (error.code !== 'ESRCH') throw error;
    }
}

async function stop(o) {
    const pids = running(o);
    for (const pid of pids) signal(pid, 'SIGTERM');
    for (let n = 0; n < 500 && running(o).length > 0; n++) await sleep(20);
    for (const pid of running(o)) signal(pid, 'SIGKILL');
    clean(o);
    console.log(pids.length > 0 ? 'devchain: stopped' : 'devchain: none is running');
}

// What follows runs in the background.

function startAnvil(o) {
    const anvil = path.join(process.env.NODE_PATH, '@foundry-rs/anvil-linux-amd64/bin/anvil');
    const config = o.out + '.accounts';
    const args = ['--host', '127.0.0.1', '--port', o.port, '--silent', '--accounts',
        String(ROLES.length), '--config-out', config];
    if (o.state) args.push('--state', path.resolve(o.state));
    // Dies with its parent even when that is killed, where the system can do it.
    const wrapped = fs.existsSync('/usr/bin/setpriv');
    const child = wrapped
        ? spawn('/usr/bin/setpriv', ['--pdeathsig', 'TERM', anvil, ...args], { stdio: 'inherit' })
        : spawn(anvil, args, { stdio: 'inherit' });
    fs.writeFileSync(o.pids, JSON.stringify({ serve: process.pid, anvil: child.pid }) + '\n');
    return { child, config };
}

function writeKeys(o, config) {
    const { available_accounts: addresses, private_keys: keys } = JSON.parse(fs.readFileSync(config, 'utf8'));
    fs.rmSync(config);
    fs.mkdirSync(o.keys, { recursive: true, mode: 0o700 });
    const accounts = {};
    ROLES.forEach((role, i) => {
        const file = path.join(o.keys, role);
        fs.writeFileSync(file, keys[i] + '\n', { mode: 0o600 });
        accounts[role] = { address: addresses[i], key_file: file };
    });
    return accounts;
}

async function bootstrap(chain, o, accounts) {
    const system = require('./deploy');
    const who = (role) => accounts[role].address;
    const owner = who('deployer');
    const at = await system.contracts(chain, owner, path.join(path.dirname(process.env.NODE_PATH), '..', 'bin'), {});
    await system.supply(chain, owner, at, ROLES.map(who));
    await system.nextRound(chain, who('keeper'), at);
    const terms = { rewardCut: 100000n, feeShare: 500000n };
    await system.orchestrator(chain, who('orchestrator1'), at,
        { ...terms, stake: 3000n * system.LPT, uri: o.uris[0] });
    await system.orchestrator(chain, who('orchestrator2'), at,
        { ...terms, stake: 2000n * system.LPT, uri: o.uris[1] || o.uris[0] });
    await system.bond(chain, who('verifier'), at, system.LPT, who('verifier'));
    await system.bond(chain, who('delegator1'), at, 500n * system.LPT, who('orchestrator1'));
    await system.bond(chain, who('delegator2'), at, 500n * system.LPT, who('orchestrator2'));
    for (const role of ['broadcaster', 'broadcaster2']) {
        await chain.send(who(role), at.TicketBroker, 'fundDepositAndReserve(uint256,uint256)',
            [10n * system.ETH, 5n * system.ETH], 15n * system.ETH);
    }
    await system.nextRound(chain, who('keeper'), at);
    return at;
}

async function keepRounds(chain, from, manager) {
    let said = '';
    for (;;) {
        try {
            if (BigInt(await chain.call(manager, 'currentRoundInitialized()')) === 0n) {
                await chain.send(from, manager, 'initializeRound()');
                console.log('round ' + (await chain.number(manager, 'currentRound()')));
            }
        } catch (error) {
            // Somebody else was first, or the owner has paused the system.
            if (error.message !== said) console.log('keeper: ' + error.message);
            said = error.message;
        }
        await sleep(200);
    }
}

async function serve(o) {
    const { Chain } = require('./rpc');
    const { child, config } = startAnvil(o);
    let stopping = false;
    const end = () => { stopping = true; child.kill('SIGTERM'); };
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
    child.on('exit', () => {
        clean(o);
        if (!stopping) console.error('anvil ended by itself.');
        process.exit(stopping ? 0 : 1);
    });
    child.on('error', () => fail('anvil cannot be started.'));

    const chain = new Chain('http://127.0.0.1:' + o.port);
    for (let n = 0; n < 1000; n++) {
        try {
            await chain.rpc('eth_chainId');
            break;
        } catch {
            await sleep(10);
        }
    }
    try {
        const accounts = writeKeys(o, config);
        // What the state file does not hold: the names of what is in it.
        const memo = o.state && path.resolve(o.state) + '.contracts';
        let at;
        if (memo && fs.existsSync(o.state) && fs.existsSync(memo)) {
            at = JSON.parse(fs.readFileSync(memo, 'utf8'));
        } else {
            at = await bootstrap(chain, o, accounts);
            if (memo) fs.writeFileSync(memo, JSON.stringify(at) + '\n');
        }
        if (Number(o.blockTime) > 0) await chain.rpc('evm_setIntervalMining', Number(o.blockTime));
        const info = {
            rpc: chain.url,
            chain_id: Number(await chain.rpc('eth_chainId')),
            block: Number(await chain.rpc('eth_blockNumber')),
            block_time: Number(o.blockTime),
            controller: at.Controller,
            contracts: at,
            accounts,
        };
        fs.writeFileSync(o.out + '.new', JSON.stringify(info, null, 2) + '\n');
        fs.renameSync(o.out + '.new', o.out);
        await keepRounds(chain, accounts.keeper.address, at.RoundsManager);
    } catch (error) {
        console.error(error.message);
        stopping = true;
        child.removeAllListeners('exit');
        child.on('exit', () => { clean(o); process.exit(1); });
        child.kill('SIGTERM');
    }
}

const [command, ...argv] = process.argv.slice(2);
const known = { start, stop, serve };
if (!known[command]) fail('say start or stop.');
known[command](options(argv), argv).catch((error) => fail(error.message));
