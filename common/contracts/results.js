// Forge's JSON in, one line a test out: STATUS, suite, name, reason. The JSON
// holds whole traces, which is more than a test script wants to read.
'use strict';

const suites = JSON.parse(require('fs').readFileSync(0, 'utf8'));
for (const suite of Object.keys(suites).sort()) {
    const tests = suites[suite].test_results;
    for (const name of Object.keys(tests).sort()) {
        const { status, reason, counterexample } = tests[name];
        const why = [reason, counterexample && JSON.stringify(counterexample)].filter(Boolean).join(' ');
        console.log([status, suite, name, why.replace(/\s+/g, ' ')].join('\t'));
    }
}
