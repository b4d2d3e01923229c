// `npm test`: installs what the tests need, runs unit, integration and e2e tests, and prints as its last line
// `N passed, N failed`, counted from the runs. Arguments name test files to run instead of all.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installNpmPackages, pinnedNode } from './bootstrap/npm-packages.js';
import { hand, refuse } from './bootstrap/run.js';
import { boardPackages, installSystemPackages, requireRoot } from './bootstrap/system-packages.js';
import { countResults, summaryLine } from './bootstrap/tap-results.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const testPackages = [...boardPackages, 'mosquitto-clients', 'mmdebstrap', 'strace', 'curl'];
const long = process.env.EDGE_TEST_LONG === '1';

/** e2e tests share the machine's podman and network, so they run one after another. */
const stages = [
  {
    name: 'unit-integration',
    files: ['test/unit/**/*.test.ts', 'test/integration/**/*.test.ts'],
    jobs: 2,
    timeoutS: 120,
  },
  { name: 'e2e', files: ['test/e2e/**/*.test.ts'], jobs: 1, timeoutS: long ? 3600 : 300 },
];

async function runStage({ name, files, jobs, timeoutS }) {
  const output = join(root, '.tap', `${name}.tap`);
  const tap = join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs');
  const args = [
    tap,
    'run',
    ...files,
    `--jobs=${jobs}`,
    `--timeout=${timeoutS}`,
    '--reporter=terse',
    `--output-file=${output}`,
  ];
  const exitCode = await hand(pinnedNode(root), args, {
    cwd: root,
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  return { ...countResults(output), name, exitCode };
}

try {
  requireRoot('npm test');
  installNpmPackages(root, { dev: true });
  installSystemPackages(testPackages);
} catch (error) {
  refuse(`npm test: ${error.message}`);
}
mkdirSync(join(root, '.tap'), { recursive: true });
const chosen = process.argv.slice(2);
const results = [];
for (const stage of chosen.length > 0
  ? [{ name: 'chosen', files: chosen, jobs: 1, timeoutS: 600 }]
  : stages) {
  results.push(await runStage(stage));
}
const skips = results.flatMap((result) => result.skips);
for (const skip of skips) console.log(`skipped: ${skip.name} (${skip.reason})`);
const allowed = (skip) => process.env.EDGE_ALLOW_SKIP && skip.reason.includes(process.env.EDGE_ALLOW_SKIP);
const forbidden = process.env.EDGE_FAIL_ON_SKIP === '1' ? skips.filter((skip) => !allowed(skip)) : [];
const failed = results.some((result) => result.failed > 0 || result.exitCode !== 0 || result.passed === 0);
console.log(summaryLine(results, forbidden.length));
process.exitCode = failed || forbidden.length > 0 ? 1 : 0;
