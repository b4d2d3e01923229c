// Runs a command in a container to its end through the OCI runtime: 35 ms and no word to podman, whose own exec
// leaves two conmons each time. User, environment, capabilities and folder are the container's.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { readFileIfPresent } from '../../../base/if-present.ts';
import { type ExecLimits, type ExecOutcome, RuntimeError } from '../runtime.ts';
import { signalProcess } from './process-table.ts';

const MAX_OUTPUT_BYTES = 10 * 1024;
/** What runc and crun end with when the command could not be started; a command may too, so their log decides. */
const NOT_STARTED_CODES: readonly (number | undefined)[] = [1, 126, 127, 255];

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
    const base = join(runDir, `exec-${process.pid}-${++this.#count}`);
    const [pidFile, log] = [`${base}.pid`, `${base}.log`];
    const logging = ['--log', log, '--log-format', 'json'];
    const child = spawn(ociRuntime, [...logging, 'exec', '--pid-file', pidFile, id, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR },
      cwd: '/',
    });
    try {
      const outcome = await this.#ended(child, limits);
      if (outcome.exitCode === undefined) await kill(child, pidFile);
      const failure = NOT_STARTED_CODES.includes(outcome.exitCode) ? failureIn(await textOf(log)) : undefined;
      if (failure) throw new RuntimeError('ExecError', failure);
      return outcome;
    } finally {
      await Promise.all([pidFile, log].map((path) => rm(path, { force: true })));
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
        resolve({ exitCode: code ?? 137, output: output() });
      });
    });
  }
}

const textOf = async (path: string) => (await readFileIfPresent(path)) ?? '';

/**
 * Why the OCI runtime did not start a command, in its words: from its own log, as JSON lines `{level, msg, time}`, into which
 * no command can write. On the outputs the words of runc and crun look like any others.
 */
export function failureIn(log: string): string | undefined {
  const lines = log.split('\n').filter((line) => line.startsWith('{'));
  const errors = lines.map((line) => JSON.parse(line) as { level: string; msg: string });
  return errors.findLast(({ level }) => level === 'error' || level === 'fatal')?.msg;
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
  if (pid > 1) signalProcess(pid, 'SIGKILL');
  child.kill('SIGKILL');
  child.stdout?.destroy();
  child.stderr?.destroy();
}
