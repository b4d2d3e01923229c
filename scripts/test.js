// `npm test`: installs what the tests need, runs unit, integration and e2e tests, and prints as its last line
// `N passed, N failed`, counted from the runs. Arguments name test files or folders to run instead of all.
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installNpmPackages, pinnedNode } from './bootstrap/npm-packages.js';
import { refuse } from './bootstrap/run.js';
import { installSystemPackages, requireRoot, testPackages } from './bootstrap/system-packages.js';
import { summaryLine, TapResults } from './bootstrap/tap-results.js';
import { asSubtest, runTestFile } from './bootstrap/test-file.js';
import { testFiles, workOff } from './bootstrap/test-queues.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Where the programs keep theirs (src/bin/launch.js): a test loads in two thirds of the CPU time. */
const compileCache = join(root, 'node_modules', '.cache', 'edge-cluster');
const env = { ...process.env, NODE_COMPILE_CACHE: compileCache };
const isLong = process.env.EDGE_TEST_LONG === '1';
/** As in test/support/patience.ts. */
const patience = Number(process.env.EDGE_TEST_PATIENCE ?? 1);

/** Test files that wait, and what those that ran have said. */
function queueOf(name, paths, timeoutS) {
  return {
    name,
    waiting: paths.flatMap((path) => testFiles(root, path)),
    results: new TapResults((line) => console.log(line)),
    timeoutS: (isLong ? 3600 : timeoutS) * patience,
  };
}

/**
 * e2e tests share the machine's podman and network, so they run one after another: mostly they wait, so another runner
 * works off the others beside them, and both these when there is no e2e test left.
 */
function runnersOf(chosen) {
  if (chosen.length > 0) return [[queueOf('chosen', chosen, 600)]];
  const small = queueOf('unit and integration', ['test/integration', 'test/unit'], 240);
  const e2e = queueOf('e2e', ['test/e2e'], 300);
  return availableParallelism() > 1 ? [[e2e, small], [small]] : [[small, e2e]];
}

let runners = [];
try {
  requireRoot('npm test');
  installNpmPackages(root, { dev: true });
  installSystemPackages(testPackages);
  runners = runnersOf(process.argv.slice(2));
} catch (error) {
  refuse(`npm test: ${error.message}`);
}
const queues = [...new Set(runners.flat())];
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    for (const { waiting } of queues) waiting.length = 0;
  });
let ended = 0;
await workOff(runners, async ({ results, timeoutS }, file) => {
  const end = await runTestFile(pinnedNode(root), file, { cwd: root, env, timeoutS });
  // All at once, as the file beside it speaks, too.
  for (const line of asSubtest(++ended, file, end)) results.line(line);
});
const skips = queues.flatMap(({ results }) => results.skips);
for (const skip of skips) console.log(`skipped: ${skip.name} (${skip.reason})`);
const allowed = (skip) => process.env.EDGE_ALLOW_SKIP && skip.reason.includes(process.env.EDGE_ALLOW_SKIP);
// What only shows on a whole machine must not be left out unseen; other tests may want a tool of a certain age.
const shown = queues.filter(({ name }) => name === 'e2e').flatMap(({ results }) => results.skips);
const forbidden = process.env.EDGE_FAIL_ON_SKIP === '1' ? shown.filter((skip) => !allowed(skip)) : [];
const summary = summaryLine(
  queues.map(({ results }) => results),
  forbidden.length,
);
console.log(summary);
process.exitCode = / 0 failed/.test(summary) ? 0 : 1;
