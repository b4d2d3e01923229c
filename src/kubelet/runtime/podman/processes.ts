// exec and attach over libpod. https://docs.podman.io/en/latest/_static/api.html (exec (compat), containers/attach)
import type { ProcessStreams, TerminalSize } from '../../../api/session.ts';
import { RuntimeError, type RuntimeProcess } from '../runtime.ts';
import type { LibpodClient } from './libpod-client.ts';
import type { LibpodContainers } from './libpod-containers.ts';
import { isNotFound } from './libpod-error.ts';
import { LibpodProcess } from './libpod-process.ts';
import { signalProcess } from './process-table.ts';

interface InspectedExec {
  Running: boolean;
  Pid: number;
  ExitCode: number;
}

/** podman writes the exit code, and the pid of what has just begun, a moment after the streams tell. */
const TOLD_AFTER_MS = 20;
const TOLD_TRIES = 100;

export class Processes {
  readonly #client: LibpodClient;
  readonly #containers: LibpodContainers;

  constructor(client: LibpodClient, containers: LibpodContainers) {
    this.#client = client;
    this.#containers = containers;
  }

  async exec(id: string, command: readonly string[], streams: ProcessStreams): Promise<RuntimeProcess> {
    const { Id } = await this.#client.postJson<{ Id: string }>(`/containers/${id}/exec`, {
      AttachStdin: streams.stdin,
      AttachStdout: streams.stdout,
      AttachStderr: streams.stderr,
      Tty: streams.tty,
      Cmd: command,
      // As other runtimes do: programs ask it what the terminal can.
      ...(streams.tty ? { Env: ['TERM=xterm'] } : {}),
    });
    const socket = await this.#client.hijack(`/exec/${Id}/start`, { Detach: false, Tty: streams.tty });
    return new LibpodProcess(socket, streams, {
      resize: (size) => this.#resize(`/exec/${Id}/resize`, size),
      exitCode: () => this.#exitCode(Id),
      kill: () => this.#kill(Id),
    });
  }

  async attach(id: string, streams: ProcessStreams): Promise<RuntimeProcess> {
    const { stdin, stdout, stderr } = streams;
    // podman joins a dead container too, and then neither says nor ends anything.
    const found = await this.#containers.inspect(id);
    if (found?.container.state !== 'running')
      throw new RuntimeError('AttachError', `container ${id} is not running`);
    const socket = await this.#client.hijack(
      `/containers/${id}/attach?stream=true&logs=false&stdin=${stdin}&stdout=${stdout}&stderr=${stderr}&detachKeys=`,
    );
    return new LibpodProcess(socket, streams, {
      resize: (size) => this.#resize(`/containers/${id}/resize`, size),
      exitCode: async () => undefined,
      kill: async () => undefined,
    });
  }

  async #resize(path: string, { columns, rows }: TerminalSize): Promise<void> {
    await this.#client.call({ method: 'POST', path: `${path}?h=${rows}&w=${columns}` });
  }

  async #exitCode(execId: string): Promise<number> {
    const ended = await this.#inspectUntil(execId, ({ Running }) => !Running);
    return ended?.ExitCode ?? 0;
  }

  /** podman itself lets a process go on whose client is gone. */
  async #kill(execId: string): Promise<void> {
    const found = await this.#inspectUntil(execId, ({ Running, Pid }) => !Running || Pid > 0);
    if (found?.Running && found.Pid > 0) signalProcess(found.Pid, 'SIGKILL');
  }

  /** `undefined` when podman has forgotten it: its container was removed, or it ended minutes ago. */
  async #inspectUntil(
    execId: string,
    isTold: (exec: InspectedExec) => boolean,
  ): Promise<InspectedExec | undefined> {
    for (let attempt = 1; ; attempt++) {
      const found = await this.#client.getJson<InspectedExec>(`/exec/${execId}/json`).catch(unlessNotFound);
      if (!found || isTold(found) || attempt === TOLD_TRIES) return found;
      await new Promise((resolve) => setTimeout(resolve, TOLD_AFTER_MS));
    }
  }
}

function unlessNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}
