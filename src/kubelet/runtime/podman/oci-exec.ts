// Runs a command in a container to its end through the OCI runtime: 35 ms and no word to podman, whose own exec
// leaves two conmons each time. User, environment, capabilities and folder are the container's.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { type ExecLimits, type ExecOutcome, RuntimeError } from '../runtime.ts';

const MAX_OUTPUT_BYTES = 10 * 1024;
/** What runc and crun end with when the command could not be started; a command may too, so its words are read. */
const NOT_STARTED_CODES: readonly number[] = [1, 126, 127, 255];
const NOT_STARTED =
  /(?:exec failed: |error executing |OCI runtime |container (?:not running|".*" does not exist))/;

export interface OciExecOptions {
  ociRuntime: string;
  /** Memory-backed. */
  runDir: string;
  clock: Clock;
}

export class OciExec {
  readonly #options: OciExecOptions;
  #count = 0;

  constructor(options: OciExecOptions) {
    this.#options = options;
  }

  async run(id: string, command: readonly string[], limits: ExecLimits): Promise<ExecOutcome> {
    const { ociRuntime, runDir } = this.#options;
    await mkdir(runDir, { recursive: true, mode: 0o700 });
    const pidFile = join(runDir, `exec-${process.pid}-${++this.#count}.pid`);
    const child = spawn(ociRuntime, ['exec', '--pid-file', pidFile, id, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR },
      cwd: '/',
    });
    try {
      const outcome = await this.#ended(child, limits);
      if (outcome.exitCode === undefined) await kill(child, pidFile);
      return outcome;
    } finally {
      await rm(pidFile, { force: true });
    }
  }

  #ended(child: ChildProcess, { timeoutMs, signal }: ExecLimits): Promise<ExecOutcome> {
    return new Promise((resolve, reject) => {
      const output = collect(child);
      const settle = () => {
        timer?.cancel();
        signal?.removeEventListener('abort', giveUp);
      };
      const giveUp = () => {
        settle();
        resolve({ exitCode: undefined, output: output() });
      };
      const timer = timeoutMs === undefined ? undefined : this.#options.clock.after(timeoutMs, giveUp);
      signal?.addEventListener('abort', giveUp, { once: true });
      if (signal?.aborted) giveUp();
      child.once('error', (error) => {
        settle();
        reject(new RuntimeError('ExecError', error.message));
      });
      child.once('close', (code) => {
        settle();
        const exitCode = code ?? 137;
        if (isNotStarted(exitCode, output())) reject(new RuntimeError('ExecError', wordsOf(output())));
        else resolve({ exitCode, output: output() });
      });
    });
  }
}

function isNotStarted(exitCode: number, output: string): boolean {
  return (
    NOT_STARTED_CODES.includes(exitCode) &&
    /level=error|^\d{4}-.*: /m.test(output) &&
    NOT_STARTED.test(output)
  );
}

/** Without the time that runc and crun put before what they say: with it each try would be an Event of its own. */
export function wordsOf(output: string): string {
  const words = output
    .trimEnd()
    .split('\n')
    .map((line) => {
      const said = /\bmsg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
      return said === undefined ? line.replace(/^\d{4}-\S+: /, '') : said.replaceAll(/\\(.)/g, '$1');
    });
  return words.join('\n');
}

/** Both outputs as they come; what is over the limit is read and dropped, so that nothing waits. */
function collect(child: ChildProcess): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  const take = (chunk: Buffer) => {
    if (length < MAX_OUTPUT_BYTES) chunks.push(chunk.subarray(0, MAX_OUTPUT_BYTES - length));
    length += chunk.length;
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  return () => Buffer.concat(chunks).toString();
}

/** The command itself first: killing the OCI runtime alone would leave it running in the container. */
async function kill(child: ChildProcess, pidFile: string): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
  try {
    if (pid > 1) process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  child.kill('SIGKILL');
  child.stdout?.destroy();
  child.stderr?.destroy();
}
