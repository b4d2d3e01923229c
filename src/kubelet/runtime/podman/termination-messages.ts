// The last words of containers: a small file that each can write into, read when it has ended.
// https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/
import { chmod, mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tailOffset } from '../../logs/log-tail.ts';
import { LogText } from '../../logs/log-text.ts';
import type { ContainerConfig, RuntimeContainer } from '../runtime.ts';

const MAX_MESSAGE_BYTES = 4096;
const MAX_LOG_BYTES = 2048;
const MAX_LOG_LINES = 80;
/** Time stamps and tags come on top of what a log line says. */
const LOG_READ_BYTES = 16 * 1024;

type Attempt = Pick<RuntimeContainer, 'podUid' | 'containerName' | 'attempt'>;

export class TerminationMessages {
  readonly #folder: string;

  /** `folder` is memory-backed; each pod has a folder in it that goes with its sandbox. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the empty file that is mounted at the container's terminationMessagePath; gives its path on the board. */
  async prepare(config: ContainerConfig): Promise<string> {
    const path = this.#path(config, config.terminationMessage.fallsBackToLog);
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await writeFile(path, '');
    // Whoever the container runs as; the umask would take it back from writeFile's own mode.
    await chmod(path, 0o666);
    return path;
  }

  /** What a container that has ended left, at most 4 KiB; of one that failed, where wanted, the end of its log. */
  async of(container: RuntimeContainer): Promise<string | undefined> {
    const own = (await endOf(this.#path(container, false), MAX_MESSAGE_BYTES))?.toString();
    if (own !== undefined) return own || undefined;
    const ownOrLog = await endOf(this.#path(container, true), MAX_MESSAGE_BYTES);
    if (ownOrLog === undefined || ownOrLog.length > 0) return ownOrLog?.toString();
    if (container.exitCode === 0 || !container.logPath) return undefined;
    return (await endOfLog(container.logPath)) || undefined;
  }

  /** The name tells what to do when nothing was written: an agent that comes later has only that. */
  #path({ podUid, containerName, attempt }: Attempt, fallsBackToLog: boolean): string {
    const kind = fallsBackToLog ? 'message-or-log' : 'message';
    return join(this.#folder, podUid, `${containerName}.${attempt}.${kind}`);
  }
}

/** `undefined` when there is no such file. */
async function endOf(path: string, maxBytes: number, from = 0): Promise<Buffer | undefined> {
  const file = await openIfThere(path);
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    const start = Math.max(from, size - maxBytes);
    const end = Buffer.alloc(size - start);
    const { bytesRead } = await file.read(end, 0, end.length, start);
    return end.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function endOfLog(path: string): Promise<string | undefined> {
  const file = await openIfThere(path);
  if (!file) return undefined;
  const from = await tailOffset(file, MAX_LOG_LINES).finally(() => file.close());
  const lines = await endOf(path, LOG_READ_BYTES, from);
  const text = new LogText({ timestamps: false, sinceMs: undefined }).push(lines ?? Buffer.alloc(0));
  return text.subarray(Math.max(0, text.length - MAX_LOG_BYTES)).toString();
}

async function openIfThere(path: string) {
  try {
    return await open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
