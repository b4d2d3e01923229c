// Runs one test file in a process of its own and tells how it ended as TAP, as tap's own runner does. That one is not
// used as it loads its tracing of coverage, which nobody asks for here, into every program that a test starts, too.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { passSignals } from './run.js';

/** A file ends itself after its time; one that hangs too hard for that is killed after twice as long. */
const PATIENCE = 2;

/** Resolves with `{ lines, exitCode, signal, durationMs }`. `timeoutS` is what a file has unless it says otherwise. */
export async function runTestFile(node, file, { cwd, env, timeoutS }) {
  const startedAt = performance.now();
  const child = spawn(node, [file], {
    cwd,
    env: { ...env, TAP_TIMEOUT: String(timeoutS) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const release = passSignals(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutS * 1000 * PATIENCE);
  const [exitCode, signal] = await once(child, 'close');
  clearTimeout(timer);
  release();
  return { lines, exitCode, signal, durationMs: performance.now() - startedAt };
}

/** Lines of TAP: what a file said, and whether it passed: it told how many tests it has and ended with 0. */
export function asSubtest(number, file, { lines, exitCode, signal, durationMs }) {
  const hasPlan = lines.some((line) => /^1\.\.\d+/.test(line));
  const verdict = exitCode === 0 && hasPlan ? 'ok' : 'not ok';
  const end = `${signal ?? `exit code ${exitCode}`}${hasPlan ? '' : ', before all tests were run'}`;
  return [
    `# Subtest: ${file}`,
    ...lines.map((line) => `    ${line}`),
    `${verdict} ${number} - ${file} # time=${Math.round(durationMs)}ms`,
    ...(verdict === 'ok' ? [] : [`  # ended with ${end}`]),
  ];
}
