// `npm test`: installs what the tests need, runs unit, integration and e2e tests, and prints as its last line
// `N passed, N failed`, counted from the runs. Arguments name test files to run instead of all.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { installNpmPackages, pinnedNode } from './bootstrap/npm-packages.js';
import { passSignals, refuse, run } from './bootstrap/run.js';
import { installSystemPackages, requireRoot, testPackages } from './bootstrap/system-packages.js';
import { summaryLine, TapResults } from './bootstrap/tap-results.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tap = join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs');
/** Where the programs keep theirs (src/bin/launch.js): a test loads in two thirds of the CPU time. */
const compileCache = join(root, 'node_modules', '.cache', 'edge-cluster');
const isLong = process.env.EDGE_TEST_LONG === '1';
/** As in test/support/patience.ts. */
const patience = Number(process.env.EDGE_TEST_PATIENCE ?? 1);

/** e2e tests share the machine's podman and network, so they run one after another. */
const stages = [
  {
    name: 'unit and integration',
    files: ['test/unit/**/*.test.ts', 'test/integration/**/*.test.ts'],
    jobs: 2,
    timeoutS: isLong ? 3600 : 240,
  },
  { name: 'e2e', files: ['test/e2e/**/*.test.ts'], jobs: 1, timeoutS: isLong ? 3600 : 300 },
];

/** tap makes itself anew for the plugins that .taprc names; without that it would load its TypeScript one. */
function buildTap() {
  run(pinnedNode(root), [tap, 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}

function runStage({ name, files, jobs, timeoutS }) {
  const args = [tap, 'run', ...files, `--jobs=${jobs}`, `--timeout=${timeoutS}`, '--reporter=tap'];
  const env = { ...process.env, NODE_COMPILE_CACHE: compileCache };
  const child = spawn(pinnedNode(root), args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const results = new TapResults((line) => console.log(line));
  createInterface({ input: child.stdout }).on('line', (line) => results.line(line));
  const release = passSignals(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      release();
      const { passed, failed, skips } = results;
      resolve({ name, passed, failed, skips, exitCode: code });
    });
  });
}

try {
  requireRoot('npm test');
  installNpmPackages(root, { dev: true });
  installSystemPackages(testPackages);
  buildTap();
} catch (error) {
  refuse(`npm test: ${error.message}`);
}
const chosen = process.argv.slice(2);
const results = [];
for (const stage of chosen.length > 0
  ? [{ name: 'chosen', files: chosen, jobs: 1, timeoutS: 600 * patience }]
  : stages) {
  console.log(`# ${stage.name} tests`);
  results.push(await runStage(stage));
}
const skips = results.flatMap((result) => result.skips);
for (const skip of skips) console.log(`skipped: ${skip.name} (${skip.reason})`);
const allowed = (skip) => process.env.EDGE_ALLOW_SKIP && skip.reason.includes(process.env.EDGE_ALLOW_SKIP);
// What only shows on a whole machine must not be left out unseen; other tests may want a tool of a certain age.
const shown = results.filter(({ name }) => name === 'e2e').flatMap((result) => result.skips);
const forbidden = process.env.EDGE_FAIL_ON_SKIP === '1' ? shown.filter((skip) => !allowed(skip)) : [];
const summary = summaryLine(results, forbidden.length);
console.log(summary);
process.exitCode = / 0 failed/.test(summary) ? 0 : 1;
