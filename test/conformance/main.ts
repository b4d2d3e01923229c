// `npm run conformance`: upstream's conformance tests against a fresh cluster of two boards. Prints what passed, what
// failed and why, by area, and keeps the newest outcome of each test in docs/conformance.md as soon as it is known.
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kubectlPath, oldKubectlPath } from '../support/kubectl.ts';
import { type Arguments, readArguments, USAGE } from './arguments.ts';
import { type CatalogueEntry, chosen, readCatalogue } from './catalogue.ts';
import { withCluster } from './cluster.ts';
import { conformanceArchive } from './images.ts';
import { areaOf, countByArea, type TestOutcome } from './outcome.ts';
import { merged, readPage, writePage } from './page.ts';
import { runSuite } from './suite.ts';

const root = join(import.meta.dirname, '../..');
const page = join(root, 'docs/conformance.md');
const directory = join(root, '.cache/conformance');

/** Resolves with the exit code. */
async function main(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const catalogue = await readCatalogue();
  let names: string[];
  let options: Arguments;
  try {
    options = readArguments(argv, process.env);
    names = chosen(catalogue, options);
  } catch (error) {
    process.stderr.write(`npm run conformance: ${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  const prepared = await prepare(options);
  if (options.prepareOnly) return 0;
  const outcomes = await run(names, { ...options, ...prepared }, catalogue, signal);
  print(outcomes);
  return outcomes.length === names.length && outcomes.every(({ state }) => state === 'passed') ? 0 : 1;
}

interface Prepared {
  kubectl: string;
  images: readonly string[];
}

async function prepare({ agnhost }: Arguments): Promise<Prepared> {
  await mkdir(directory, { recursive: true });
  const images = [await conformanceArchive(agnhost, join(directory, 'images'))];
  // The suite compares the words that kubectl prints: it wants one of its own release.
  return { images, kubectl: (await oldKubectlPath()) ?? (await kubectlPath()) };
}

async function run(
  names: readonly string[],
  { program, kubectl, images, jobs, timeoutMs }: Arguments & Prepared,
  catalogue: readonly CatalogueEntry[],
  signal: AbortSignal,
): Promise<TestOutcome[]> {
  const outcomes: TestOutcome[] = [];
  const commit = await commitOfTree();
  const ended = async (outcome: TestOutcome, seconds: number) => {
    outcomes.push({ ...outcome, commit });
    say(`${outcome.state} in ${seconds} s (${outcomes.length} of ${names.length}): ${outcome.name}`);
    await keep(outcomes, catalogue);
  };
  await withCluster({ images, directory }, (kubeconfig) =>
    runSuite(names, { program, kubeconfig, kubectl, directory, jobs, timeoutMs, ended, signal }),
  );
  return outcomes;
}

/** The short name of the commit, with a `+` when the tree has what it does not, the page left aside. */
async function commitOfTree(): Promise<string> {
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', ['-C', root, ...args])).stdout.trim();
  const changes = await git('status', '--porcelain', '--', '.', ':!docs/conformance.md');
  return `${await git('rev-parse', '--short=7', 'HEAD')}${changes ? '+' : ''}`;
}

function print(ran: readonly TestOutcome[]): void {
  for (const { area, passed, failed } of countByArea(ran)) {
    say(`${area.padEnd(18)} ${String(passed).padStart(3)} passed  ${String(failed).padStart(3)} failed`);
    for (const { name, state, reason } of ran) {
      if (state === 'failed' && areaOf(name) === area) say(`  ${name}\n    ${reason}`);
    }
  }
}

async function keep(outcomes: readonly TestOutcome[], catalogue: readonly CatalogueEntry[]): Promise<void> {
  const known = await readFile(page, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const all = catalogue.map(({ name }): TestOutcome => ({ name, state: 'not run' }));
  await writeFile(page, writePage(merged(merged(readPage(known), all), outcomes)));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const ending = new AbortController();
process.once('SIGINT', () => {
  say('Ending …');
  ending.abort();
});
process.exitCode = await main(process.argv.slice(2), ending.signal);
