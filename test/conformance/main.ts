// `npm run conformance -- [FOCUS]`: upstream's conformance tests against a fresh cluster of one board. Prints what
// passed, what failed and why, by area, and keeps the newest outcome of each test in docs/conformance.md.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubectlPath, oldKubectlPath } from '../support/kubectl.ts';
import { Trial } from '../support/trial.ts';
import { areaOf, countByArea, type TestOutcome } from './outcome.ts';
import { merged, readPage, writePage } from './page.ts';
import { runSuite } from './suite.ts';

const NEEDS = `npm run conformance -- [FOCUS] needs upstream's e2e.test: its path in E2E_TEST.
Debian's source package kubernetes (release 1.20) holds it as test/e2e; it is built with Debian's golang-go.
FOCUS is a regular expression over the tests' names; without one all run. It starts a cluster, so it needs root.
`;

const root = join(import.meta.dirname, '../..');
const page = join(root, 'docs/conformance.md');
const directory = join(root, '.cache/conformance');

/** Resolves with the exit code. */
async function main(program: string | undefined, focus = '.'): Promise<number> {
  if (!program) {
    process.stderr.write(NEEDS);
    return 1;
  }
  const outcomes = await runOnFreshCluster(program, focus);
  const ran = outcomes.filter(({ state }) => state !== 'not run');
  print(ran);
  await keep(outcomes.filter(({ name }) => name.includes('[Conformance]')));
  return ran.length > 0 && ran.every(({ state }) => state === 'passed') ? 0 : 1;
}

async function runOnFreshCluster(program: string, focus: string): Promise<TestOutcome[]> {
  // The suite compares the words that kubectl prints: it wants one of its own release.
  const kubectl = (await oldKubectlPath()) ?? (await kubectlPath());
  const trial = await Trial.create();
  try {
    await trial.start();
    await rm(join(directory, '.kube'), { recursive: true, force: true });
    const { kubeconfig } = trial;
    return await runSuite({ program, kubeconfig, kubectl, focus, directory, say });
  } finally {
    await trial.destroy();
    await writeFile(join(directory, 'cluster.log'), trial.program?.output ?? '');
  }
}

function print(ran: readonly TestOutcome[]): void {
  for (const { area, passed, failed } of countByArea(ran)) {
    say(`${area.padEnd(18)} ${String(passed).padStart(3)} passed  ${String(failed).padStart(3)} failed`);
    for (const { name, state, reason } of ran) {
      if (state === 'failed' && areaOf(name) === area) say(`  ${name}\n    ${reason}`);
    }
  }
}

async function keep(outcomes: readonly TestOutcome[]): Promise<void> {
  const known = await readFile(page, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  await writeFile(page, writePage(merged(readPage(known), outcomes)));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// Ctrl-C reaches the suite and the cluster too, as they are of one group: what they end with is still told.
process.once('SIGINT', () => say('Ending …'));
process.exitCode = await main(process.env.E2E_TEST, process.argv[2]);
