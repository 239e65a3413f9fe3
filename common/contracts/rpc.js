// The little of Ethereum that the scripts here need: JSON-RPC to a node with
// unlocked accounts, call data, and deployment with linked libraries.
'use strict';

const fs = require('fs');
const path = require('path');
const { keccak256 } = require('js-sha3');

const GAS = '0xb71b00'; // 12 million, enough for the largest deployment

const word = (x) => BigInt.asUintN(256, BigInt(x)).toString(16).padStart(64, '0');
const keccak = (text) => '0x' + keccak256(text);

// Static words, strings and arrays of static words.
function encodeOne(type, value) {
    if (type.endsWith('[]')) {
        return word(value.length) + value.map((v) => encodeOne(type.slice(0, -2), v)).join('');
    }
    if (type === 'string') {
        const hex = Buffer.from(value, 'utf8').toString('hex');
        return word(hex.length / 2) + hex.padEnd(Math.ceil(hex.length / 64) * 64, '0');
    }
    if (/^bytes\d+$/.test(type)) return value.replace(/^0x/, '').padEnd(64, '0');
    return word(value === true ? 1 : value === false ? 0 : value);
}

function encode(types, values) {
    const parts = types.map((t, i) => encodeOne(t, values[i]));
    let offset = 32 * types.length;
    let head = '';
    let tail = '';
    types.forEach((t, i) => {
        if (t === 'string' || t.endsWith('[]')) {
            head += word(offset);
            tail += parts[i];
            offset += parts[i].length / 2;
        } else {
            head += parts[i];
        }
    });
    return head + tail;
}

const typesOf = (signature) => {
    const list = signature.slice(signature.indexOf('(') + 1, -1);
    return list === '' ? [] : list.split(',');
};

const calldata = (signature, values) =>
    keccak(signature).slice(0, 10) + encode(typesOf(signature), values);

// Error(string) as its text, anything else as it is.
function reason(data) {
    if (typeof data !== 'string' || !data.startsWith('0x08c379a0')) return null;
    const length = Number(BigInt('0x' + data.slice(74, 138)));
    return Buffer.from(data.slice(138, 138 + 2 * length), 'hex').toString();
}

class Chain {
    constructor(url) {
        this.url = url;
        this.id = 0;
    }

    async rpc(method, ...params) {
        const response = await fetch(this.url, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ jsonrpc: '2.0', id: ++this.id, method, params }),
        });
        const { result, error } = await response.json();
        if (error) throw new Error(reason(error.data) || method + ': ' + error.message);
        return result;
    }

    async call(to, signature, values = []) {
        return this.rpc('eth_call', { to, data: calldata(signature, values) }, 'latest');
    }

    async number(to, signature, values = []) {
        return BigInt(await this.call(to, signature, values));
    }

    // Waits for the block that holds it.
    async transact(tx) {
        const hash = await this.rpc('eth_sendTransaction', { gas: GAS, ...tx });
        for (let n = 0; n < 3000; n++) {
            const receipt = await this.rpc('eth_getTransactionReceipt', hash);
            if (receipt) {
                if (receipt.status === '0x1') return receipt;
                await this.rpc('eth_call', tx, receipt.blockNumber);
                throw new Error('a transaction failed, by its gas or its place in the block');
            }
            await new Promise((done) => setTimeout(done, n < 20 ? 2 : 20));
            if (n % 50 === 49 && !await this.rpc('eth_getTransactionByHash', hash)) {
                throw new Error('a reorg took the transaction');
            }
        }
        throw new Error('no block took the transaction');
    }

    async send(from, to, signature, values = [], value = 0n) {
        return this.transact({
            from, to, data: calldata(signature, values), value: '0x' + value.toString(16),
        });
    }
}

// Deploys contracts whose code lies in `dir`, each library once.
class Deployer {
    constructor(chain, from, dir) {
        this.chain = chain;
        this.from = from;
        this.dir = dir;
        this.libraries = {};
    }

    async deploy(name, types = [], values = []) {
        const { code, links } = JSON.parse(fs.readFileSync(path.join(this.dir, name + '.json'), 'utf8'));
        let linked = code.slice(2);
        for (const file of Object.values(links)) {
            for (const [library, places] of Object.entries(file)) {
                this.libraries[library] ??= await this.deploy(library);
                for (const { start, length } of places) {
                    linked = linked.slice(0, 2 * start) + this.libraries[library].slice(2) +
                        linked.slice(2 * (start + length));
                }
            }
        }
        const receipt = await this.chain.transact({
            from: this.from, data: '0x' + linked + encode(types, values),
        });
        return receipt.contractAddress;
    }
}

module.exports = { Chain, Deployer, keccak, word };
