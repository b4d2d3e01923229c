// `npm run conformance`: upstream's tests against a fresh cluster of two boards. Prints what passed, what
// failed and why, by area, and keeps the newest outcome of each test in docs/conformance.md as soon as it is known.
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kubectlPath, oldKubectlPath } from '../support/kubectl.ts';
import { type Arguments, readArguments, USAGE } from './arguments.ts';
import { type CatalogueEntry, chosen, knownOutcomes, readCatalogue } from './catalogue.ts';
import { withCluster } from './cluster.ts';
import { conformanceArchive } from './images.ts';
import { areaOf, countByArea, type TestOutcome } from './outcome.ts';
import { withOutsideWorld } from './outside-world.ts';
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
  return outcomes.length === names.length && outcomes.every(({ state }) => state !== 'failed') ? 0 : 1;
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
  { program, kubectl, images, jobs, timeoutMs, proxyMode }: Arguments & Prepared,
  catalogue: readonly CatalogueEntry[],
  signal: AbortSignal,
): Promise<TestOutcome[]> {
  const outcomes: TestOutcome[] = [];
  const commit = await commitOfTree();
  const ended = async (outcome: TestOutcome, seconds: number) => {
    outcomes.push({ ...outcome, commit });
    say(`${outcome.state} in ${seconds} s (${outcomes.length} of ${names.length}): ${outcome.name}`);
    if (!proxyMode) await keep(outcomes, catalogue);
  };
  const agentFlags = proxyMode ? ['--proxy-mode', proxyMode] : [];
  for (const { masterFlags, group } of byCluster(names)) {
    await withOutsideWorld((httpProxy) =>
      withCluster({ images, directory, masterFlags, agentFlags }, (kubeconfig) =>
        runSuite(group, {
          program,
          kubeconfig,
          kubectl,
          httpProxy,
          directory,
          jobs,
          timeoutMs,
          ended,
          signal,
        }),
      ),
    );
  }
  return outcomes;
}

const TWO_FAMILIES = [
  '--cluster-cidr=10.40.0.0/13,fd00:10:40::/48',
  '--service-cluster-ip-range=10.48.0.0/16,fd00:10:48::/112',
];

/** Tests that want both address families have a cluster of their own, after the others. */
function byCluster(names: readonly string[]): { masterFlags: readonly string[]; group: readonly string[] }[] {
  const isOfTwo = (name: string) => name.includes('[Feature:IPv6DualStack');
  const groups = [
    { masterFlags: [], group: names.filter((name) => !isOfTwo(name)) },
    { masterFlags: TWO_FAMILIES, group: names.filter(isOfTwo) },
  ];
  return groups.filter(({ group }) => group.length > 0);
}

/** The short name of the commit, with a `+` when the tree has what it does not, the page left aside. */
async function commitOfTree(): Promise<string> {
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', ['-C', root, ...args])).stdout.trim();
  const changes = await git('status', '--porcelain', '--', '.', ':!docs/conformance.md');
  return `${await git('rev-parse', '--short=7', 'HEAD')}${changes ? '+' : ''}`;
}

function print(ran: readonly TestOutcome[]): void {
  for (const { area, passed, failed, leftOut } of countByArea(ran)) {
    const counts = `${String(passed).padStart(3)} passed  ${String(failed).padStart(3)} failed`;
    say(`${area.padEnd(18)} ${counts}${leftOut > 0 ? `  ${leftOut} left out` : ''}`);
    for (const { name, state, reason } of ran) {
      const isTold = state === 'failed' || state === 'left out';
      if (isTold && areaOf(name) === area) say(`  ${state}: ${name}\n    ${reason}`);
    }
  }
}

async function keep(outcomes: readonly TestOutcome[], catalogue: readonly CatalogueEntry[]): Promise<void> {
  const known = await readFile(page, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  await writeFile(page, writePage(merged(merged(readPage(known), knownOutcomes(catalogue)), outcomes)));
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
