// Runs upstream's e2e.test against a cluster and says what became of each test. Its own words go to a file.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readJunit } from './junit.ts';
import type { TestOutcome } from './outcome.ts';

export interface SuiteOptions {
  /** Path of e2e.test. */
  program: string;
  kubeconfig: string;
  kubectl: string;
  /** Regular expression over names, before their `[Conformance]`. */
  focus: string;
  /** Where e2e.log and the JUnit file go. */
  directory: string;
  /** One line per test, as it ends. */
  say(line: string): void;
}

/** @throws Error when the suite ended without a report. */
export async function runSuite(options: SuiteOptions): Promise<TestOutcome[]> {
  const { program, directory, say } = options;
  const report = join(directory, 'junit_01.xml');
  await mkdir(directory, { recursive: true });
  await rm(report, { force: true });
  const log = createWriteStream(join(directory, 'e2e.log'));
  const child = spawn(program, flagsOf(options), {
    cwd: directory,
    // kubectl keeps what it discovers by host and port: an earlier cluster's must not be believed.
    env: { ...process.env, HOME: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  child.stderr.pipe(log, { end: false });
  child.stdout.pipe(log, { end: false });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = progressOf(line);
    if (message) say(message);
  });
  await ended;
  log.end();
  return readJunit(await readFile(report, 'utf8'));
}

/** The default content type would be protobuf, which is not served as an answer. */
function flagsOf({ kubeconfig, kubectl, focus, directory }: SuiteOptions): string[] {
  return [
    '--kubeconfig',
    kubeconfig,
    '--provider=skeleton',
    '--kube-api-content-type=application/json',
    '--allowed-not-ready-nodes=0',
    '--disable-log-dump',
    '--kubectl-path',
    kubectl,
    '--report-dir',
    directory,
    '--ginkgo.noColor',
    `--ginkgo.focus=(${focus}).*\\[Conformance\\]`,
  ];
}

/** Upstream prints its progress as one JSON object per test that ended. */
function progressOf(line: string): string | undefined {
  return /^\{"msg":"((?:PASSED|FAILED) (?:[^"\\]|\\.)*)"/.exec(line)?.[1];
}
