// From forge's artifacts to what others use: abi/NAME.json for clients, and
// bin/NAME.json with the code to deploy.
'use strict';

const fs = require('fs');
const path = require('path');

const out = process.argv[2];
const contracts = [
    'Controller', 'ManagerProxy', 'LivepeerToken', 'LivepeerTokenFaucet', 'Minter',
    'RoundsManager', 'BondingManager', 'ServiceRegistry', 'ServiceCatalog', 'TicketBroker',
    'FaultVerifier', 'SolverQuorumVerifier', 'TruebitVerifier', 'MockVerifier', 'SupplyCache',
];
const libraries = ['Delegation', 'Work', 'Slashing'];

function artifact(name) {
    return JSON.parse(fs.readFileSync(path.join(out, 'out', name + '.sol', name + '.json'), 'utf8'));
}

// Whoever reads one of these while it is made again sees the old or the new one.
function write(file, text) {
    const fresh = path.join(out, file + '.' + process.pid);
    fs.writeFileSync(fresh, text);
    fs.renameSync(fresh, path.join(out, file));
}

for (const dir of ['abi', 'bin']) {
    fs.mkdirSync(path.join(out, dir), { recursive: true });
}
for (const name of contracts.concat(libraries)) {
    const { abi, bytecode, methodIdentifiers, storageLayout } = artifact(name);
    if (contracts.includes(name)) {
        write(path.join('abi', name + '.json'), JSON.stringify(abi, null, 1) + '\n');
    }
    write(path.join('bin', name + '.json'), JSON.stringify({
        abi, methodIdentifiers, storageLayout, code: bytecode.object, links: bytecode.linkReferences,
    }));
}
