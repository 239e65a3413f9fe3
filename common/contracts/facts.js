// Prints what the compiled contracts say about themselves, one fact a line:
//     f CONTRACT SELECTOR SIGNATURE      e CONTRACT TOPIC SIGNATURE
//     l CONTRACT SLOT LABEL              n NAME HASH   (for the names given)
// Hashes are made here, not taken from the compiler.
'use strict';

const fs = require('fs');
const path = require('path');
const { keccak256 } = require('js-sha3');

const [out, ...names] = process.argv.slice(2);

function typeOf({ type, components }) {
    if (!type.startsWith('tuple')) return type;
    return '(' + components.map(typeOf).join(',') + ')' + type.slice(5);
}

for (const file of fs.readdirSync(path.join(out, 'bin')).sort()) {
    const name = file.replace('.json', '');
    const { abi, storageLayout } = JSON.parse(fs.readFileSync(path.join(out, 'bin', file), 'utf8'));
    for (const item of abi) {
        const plain = item.name + '(' + (item.inputs || []).map(typeOf).join(',') + ')';
        if (item.type === 'function') console.log('f', name, keccak256(plain).slice(0, 8), plain);
        if (item.type === 'event') {
            const marked = item.inputs.map((i) => typeOf(i) + (i.indexed ? ' indexed' : ''));
            console.log('e', name, keccak256(plain), item.name + '(' + marked.join(',') + ')');
        }
    }
    const walk = (list, base, prefix) => {
        for (const { slot, label, type } of list) {
            const at = base + Number(slot);
            const inner = storageLayout.types[type].members;
            if (inner) walk(inner, at, prefix + label + '.');
            else console.log('l', name, at, prefix + label);
        }
    };
    walk(storageLayout.storage, 0, '');
    // Inside the mappings: the members of each struct, counted from its start.
    for (const { label, members } of Object.values(storageLayout.types || {})) {
        const kind = label.split(' ').pop().split('.').pop();
        for (const m of members || []) console.log('l', name, m.slot, kind + '.' + m.label);
    }
}
for (const name of names) console.log('n', name, keccak256(name));
