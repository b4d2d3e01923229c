// The few things asked of libpod about containers, with podman's manners taken care of: every removal is tried
// twice (the first may fail on a container whose conmon died), and what is not there counts as removed.
import type { RuntimeContainer } from '../runtime.ts';
import { containerList } from './container-list.ts';
import { fromInspect, fromList, type InspectedContainer, type ListedContainer } from './container-view.ts';
import { ownerFilter } from './labels.ts';
import type { LibpodClient } from './libpod-client.ts';
import { isDiskFull, isNotFound, LibpodError } from './libpod-error.ts';
import type { OciLeftovers } from './oci-leftovers.ts';
import { signalProcess } from './process-table.ts';

export interface Inspected {
  container: RuntimeContainer;
  conmonPid: number | undefined;
  /** In podman's words: `stopped` is ended and not cleaned up yet. */
  status: string;
  /** Its image's or its own, as a name or a number: what podman would begin to stop it with. */
  stopSignal: string;
}

export class LibpodContainers {
  readonly #client: LibpodClient;
  readonly #owner: string;
  readonly #leftovers: OciLeftovers;
  #onUncleaned: ((id: string) => void) | undefined;

  constructor(client: LibpodClient, owner: string, leftovers: OciLeftovers) {
    this.#client = client;
    this.#owner = owner;
    this.#leftovers = leftovers;
  }

  /** Calls `listener` for each that was found to have ended and not to be cleaned up. */
  onUncleaned(listener: (id: string) => void): void {
    this.#onUncleaned = listener;
  }

  /** All containers of this owner, or those of one pod; dead ones too. */
  async list(podUid?: string): Promise<RuntimeContainer[]> {
    const query = `all=true&filters=${ownerFilter(this.#owner, podUid)}`;
    const listed = await containerList<ListedContainer>(this.#client, query);
    for (const { Id, State } of listed) if (State === 'stopped') this.foundUncleaned(Id);
    return listed.map(fromList);
  }

  /** By its whole id. */
  foundUncleaned(id: string): void {
    this.#onUncleaned?.(id);
  }

  /** `undefined` when there is no such container. */
  async inspect(id: string): Promise<Inspected | undefined> {
    try {
      const inspected = await this.#inspect(id).catch((error) => this.#inspectAgain(id, error));
      const { State, Config } = inspected;
      const stopSignal = String(Config.StopSignal || 'SIGTERM');
      const { Status: status } = State;
      if (status === 'stopped') this.foundUncleaned(inspected.Id);
      return {
        container: fromInspect(inspected),
        conmonPid: State.ConmonPid || undefined,
        status,
        stopSignal,
      };
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #inspect(id: string): Promise<InspectedContainer> {
    return this.#client.getJson<InspectedContainer>(`/containers/${id}/json`);
  }

  /** podman reads files of the process, and fails when it ends in between: then it knows better the next time. */
  #inspectAgain(id: string, error: unknown): Promise<InspectedContainer> {
    if (error instanceof LibpodError && /no such process/.test(error.message)) return this.#inspect(id);
    throw error;
  }

  /** Resolves with the id. */
  async create(spec: Record<string, unknown>): Promise<string> {
    return (await this.#client.postJson<{ Id: string }>('/containers/create', spec)).Id;
  }

  async start(id: string): Promise<void> {
    await this.#client.call({ method: 'POST', path: `/containers/${id}/start` });
  }

  async signal(id: string, signal: string): Promise<void> {
    const path = `/containers/${id}/kill?signal=${encodeURIComponent(signal)}`;
    await this.#client
      .call({ method: 'POST', path })
      .catch((error) => this.#signalUnlessTold(id, signal, error));
  }

  /** Ends it at once; the answer comes when the container is dead. */
  async kill(id: string): Promise<void> {
    const path = `/containers/${id}/stop?timeout=0`;
    const stop = (usesReserve: boolean) =>
      this.#client.call({ method: 'POST', path, silenceMs: 30_000, usesReserve }).catch(unlessNotFound);
    await stop(false).catch(async (error) => {
      // Dead first, or it would fill what is given up for podman.
      await this.#signalUnlessTold(id, 'SIGKILL', error);
      await stop(true);
    });
  }

  /** On a full disk podman writes no signal down, and so sends none. */
  async #signalUnlessTold(id: string, signal: string, error: unknown): Promise<void> {
    if (!isDiskFull(error)) throw error;
    const pid = (await this.inspect(id))?.container.pid;
    if (pid !== undefined) signalProcess(pid, /^\d+$/.test(signal) ? Number(signal) : signal);
  }

  /** By id or name; kills what runs, and clears what a killed podman left under the name. */
  async remove(idOrName: string): Promise<void> {
    const path = `/containers/${encodeURIComponent(idOrName)}?force=true&v=true&timeout=0`;
    const once = () => this.#client.call({ method: 'DELETE', path }).catch(unlessNotFound);
    await once().catch(once);
    await this.#leftovers.clear(idOrName);
  }
}

function unlessNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
