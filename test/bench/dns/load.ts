// The questions, asked by Debian's dnsperf, and what it reports.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OUTSIDE, SERVICES } from './contenders.ts';

const run = promisify(execFile);
/** Both keep it with room to spare, so that nothing waits in line. */
const STEADY_PER_SECOND = 1000;

export interface QuestionLoad {
  name: string;
  file: string;
}

export async function loads(dir: string): Promise<QuestionLoad[]> {
  const lines = (name: (i: number) => string, type: string) =>
    Array.from({ length: SERVICES }, (_, i) => `${name(i)} ${type}`).join('\n');
  const kinds = {
    'names of the cluster': lines((i) => `svc-${i}.default.svc.cluster.local`, 'A'),
    'names that the cluster has not': lines((i) => `www${i}.${OUTSIDE}.default.svc.cluster.local`, 'A'),
    'other names, remembered': lines((i) => `www${i}.${OUTSIDE}`, 'A'),
  };
  return Promise.all(
    Object.entries(kinds).map(async ([name, text], i) => {
      const file = join(dir, `questions-${i}`);
      await writeFile(file, `${text}\n`);
      return { name, file };
    }),
  );
}

/** 100 questions are on their way at any time. */
export async function queriesPerSecond(port: number, load: QuestionLoad, seconds: number): Promise<number> {
  const { stdout } = await ask(port, load, ['-l', seconds]);
  const lost = Number(/Queries lost:\s+(\d+)/.exec(stdout)?.[1]);
  if (lost > 0) process.stdout.write(`  ${lost} questions for ${load.name} got no answer\n`);
  return Number(/Queries per second:\s+([\d.]+)/.exec(stdout)?.[1]);
}

export async function p99Ms(port: number, load: QuestionLoad, seconds: number): Promise<number> {
  const { stdout } = await ask(port, load, ['-l', seconds, '-Q', STEADY_PER_SECOND, '-v']);
  const times = [...stdout.matchAll(/^> \S+ \S+ \S+ ([\d.]+)$/gm)].map(([, text]) => Number(text) * 1000);
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN;
}

function ask(port: number, { file }: QuestionLoad, more: readonly (string | number)[]) {
  const args = ['-s', '127.0.0.1', '-p', port, '-d', file, '-c', 10, '-T', 1, '-q', 100, ...more];
  return run('dnsperf', args.map(String), { maxBuffer: 64 << 20 });
}
