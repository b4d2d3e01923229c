// Runs upstream's e2e.test, one process for each test, so that a test that hangs ends alone and several may wait side
// by side. What the tests themselves say goes to a file each.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isSerial } from './catalogue.ts';
import { readJunit, skippedBecause } from './junit.ts';
import type { TestOutcome } from './outcome.ts';

export interface SuiteOptions {
  /** Path of e2e.test. */
  program: string;
  kubeconfig: string;
  kubectl: string;
  /** What the tests find when they look whether there is an internet: an HTTP proxy's address. */
  httpProxy: string;
  /** Where a folder for each test goes. */
  directory: string;
  /** How many run side by side. */
  jobs: number;
  timeoutMs: number;
  /** As each test ends. */
  ended(outcome: TestOutcome, seconds: number): Promise<void>;
  /** Ends the run: what is under way is told to end, nothing more starts. */
  signal: AbortSignal;
}

/** Tests that disturb others run alone, after the others. */
export async function runSuite(names: readonly string[], options: SuiteOptions): Promise<void> {
  const { jobs } = options;
  await runSideBySide(
    [...names].filter((name) => !isSerial(name)),
    jobs,
    options,
  );
  await runSideBySide([...names].filter(isSerial), 1, options);
}

async function runSideBySide(queue: string[], jobs: number, options: SuiteOptions): Promise<void> {
  const work = async () => {
    for (let name = queue.shift(); name !== undefined && !options.signal.aborted; name = queue.shift()) {
      const startedMs = performance.now();
      const outcome = await runTest(name, options);
      // A test that was told to end says nothing of the cluster.
      if (!options.signal.aborted)
        await options.ended(outcome, Math.round((performance.now() - startedMs) / 1000));
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}

async function runTest(name: string, options: SuiteOptions): Promise<TestOutcome> {
  const directory = join(options.directory, folderName(name));
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const isInTime = await runProcess(name, directory, options);
  const report = await readFile(join(directory, 'junit_01.xml'), 'utf8').catch(() => '');
  const outcome = readJunit(report).find(({ state }) => state !== 'not run');
  if (outcome?.state === 'passed') return { name, state: 'passed' };
  const skipped = outcome ? undefined : skippedBecause(await readFile(join(directory, 'e2e.log'), 'utf8'));
  if (skipped !== undefined) return { name, state: 'left out', reason: skipped };
  if (!isInTime)
    return { name, state: 'failed', reason: `not at its end after ${options.timeoutMs / 60_000} minutes` };
  return {
    name,
    state: 'failed',
    reason: outcome?.reason ?? 'e2e.test ended without a report: see its e2e.log',
  };
}

/** Readable, and different for each test. */
export function folderName(name: string): string {
  return name
    .replace(/\[[^\]]*(Conformance|sig-|k8s)[^\]]*\]/g, '')
    .trim()
    .replace(/[^A-Za-z0-9]+/g, '-')
    .slice(0, 150);
}

/** Whether it ended by itself. On SIGINT upstream's suite still cleans up after itself. */
async function runProcess(name: string, directory: string, options: SuiteOptions): Promise<boolean> {
  const log = createWriteStream(join(directory, 'e2e.log'));
  const child = spawn(options.program, flagsOf(name, directory, options), {
    cwd: directory,
    // kubectl keeps what it discovers by host and port: an earlier cluster's must not be believed.
    env: { ...process.env, HOME: directory, ...proxyVariables(options) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stderr.pipe(log, { end: false });
  child.stdout.pipe(log, { end: false });
  let isInTime = true;
  const kill = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs + 30_000);
  const interrupt = setTimeout(() => {
    isInTime = false;
    child.kill('SIGINT');
  }, options.timeoutMs);
  const abort = () => child.kill('SIGINT');
  options.signal.addEventListener('abort', abort);
  await once(child, 'close');
  options.signal.removeEventListener('abort', abort);
  clearTimeout(interrupt);
  clearTimeout(kill);
  log.end();
  await once(log, 'finish');
  return isInTime;
}

/** What lies in private ranges is asked itself: boards, pods and Services. */
const proxyVariables = ({ httpProxy }: SuiteOptions) => ({
  HTTP_PROXY: httpProxy,
  NO_PROXY: '10.0.0.0/8,127.0.0.0/8,localhost',
});

/**
 * These run with clouds alone whose load balancers they know, and ask nothing of this one. It is taken to have none for
 * UDP, as its would need another address than that of TCP.
 */
const ANY_CLOUD = /change the type and ports of a service|loadbalancer source ranges/;

const cloudOf = (name: string) =>
  ANY_CLOUD.test(name) ? ['--provider=aws', '--gce-zone=lan'] : ['--provider=skeleton'];

/** Bodies come as protobuf, the suite's default; answers are JSON, which its client takes beside it. */
function flagsOf(name: string, directory: string, { kubeconfig, kubectl }: SuiteOptions): string[] {
  return [
    '--kubeconfig',
    kubeconfig,
    ...cloudOf(name),
    '--allowed-not-ready-nodes=0',
    '--disable-log-dump',
    '--kubectl-path',
    kubectl,
    '--report-dir',
    directory,
    '--ginkgo.noColor',
    `--ginkgo.focus=${focusOn(name)}`,
  ];
}

/** Upstream's own names have a blank here and there that no list shows. */
export function focusOn(name: string): string {
  return `${name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/ /g, '\\s+')}\\s*$`;
}
