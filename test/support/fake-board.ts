// A board without MQTT and podman, for tests of clients: what is bound to it runs in the fake runtime and is ready,
// what is to go has gone, and its logs, processes and ports are served over the session that real boards dial.
// Containers of an image named `.../ends` end by themselves at once, with 0; images named `.../broken` never get ready.
import { pods } from '../../src/api/kinds/pod.ts';
import { type core, keyOf, type Pod, timestamp } from '../../src/api/objects.ts';
import type { SessionRequest } from '../../src/api/session.ts';
import { isConflict, isNotFound } from '../../src/api/status-error.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { Component } from '../../src/base/component.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Client } from '../../src/client/client.ts';
import type { InformerFactory } from '../../src/client/informer-factory.ts';
import { ContainerCache } from '../../src/kubelet/container-cache.ts';
import { containerProcess, podNetwork } from '../../src/kubelet/container-processes.ts';
import type { RuntimeContainer } from '../../src/kubelet/runtime/runtime.ts';
import { Sessions, type SessionTls } from '../../src/kubelet/sessions.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeRuntime } from './fake-runtime.ts';
import { containerConfig, sandboxConfig } from './runtime-contract.ts';

export interface FakeBoardOptions {
  name: string;
  client: Client;
  informers: InformerFactory;
  masterUrl(): string;
  tls(): SessionTls;
}

type Started = Pick<core.Container, 'name' | 'image'> & Partial<Pick<core.Container, 'stdin' | 'tty'>>;

export class FakeBoard implements Component {
  readonly runtime = new FakeRuntime({ clock: new FakeClock() });
  readonly #options: FakeBoardOptions;
  readonly #cache = new ContainerCache();
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #failures: unknown[] = [];
  #sessions: Sessions | undefined;
  #unsubscribe: () => void = () => undefined;

  constructor(options: FakeBoardOptions) {
    this.#options = options;
  }

  /** After the informers. */
  async start(): Promise<void> {
    const { masterUrl, tls, informers } = this.#options;
    this.#sessions = new Sessions({
      masterUrl: masterUrl(),
      tls,
      clock: systemClock,
      logger: silentLogger,
      sources: {
        openLog: async ({ pod, logs }, signal) => lines(pod, logs.follow, signal),
        startProcess: (request) => containerProcess(this.runtime, this.#cache, request),
        podNetwork: (place) => podNetwork(this.#cache, place, ['127.0.0.1']),
      },
    });
    const look = (pod: Pod) => this.#look(keyOf(pod));
    this.#unsubscribe = informers.for(pods).subscribe({ onAdd: look, onUpdate: look, onDelete: look });
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#sessions?.stop();
    await Promise.all(this.#underWay.values());
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  serve(request: SessionRequest): void {
    this.#sessions?.serve(request);
  }

  /** The container of a pod that runs. */
  container(podKey: string, name?: string): RuntimeContainer {
    const found = this.runtime
      .containersOf(podKey)
      .find((c) => c.state === 'running' && (name === undefined || c.containerName === name));
    if (!found) throw new Error(`${podKey} has no container that runs`);
    return found;
  }

  /** One pod's steps one after another; a look that comes meanwhile is taken after it. */
  #look(key: string): void {
    const before = this.#underWay.get(key) ?? Promise.resolve();
    const done = before
      .then(() => this.#reconcile(key))
      .catch((error) => {
        // Gone or changed by then: what changed it is told too.
        if (!isNotFound(error) && !isConflict(error)) this.#failures.push(error);
      });
    this.#underWay.set(key, done);
    void done.finally(() => this.#underWay.get(key) === done && this.#underWay.delete(key));
  }

  async #reconcile(key: string): Promise<void> {
    const { client, name } = this.#options;
    const pod = await client.get(pods, key).catch((error) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (!pod || pod.metadata.deletionTimestamp) await this.#end(key);
    if (pod?.spec.nodeName !== name) return;
    if (pod.metadata.deletionTimestamp) {
      const preconditions = { uid: pod.metadata.uid };
      await client.delete(pods, key, { gracePeriodSeconds: 0, preconditions });
      return;
    }
    if (await this.#startMissing(pod)) await this.#tell(pod);
  }

  async #end(key: string): Promise<void> {
    for (const { id } of [...this.runtime.containersOf(key), ...this.runtime.sandboxesOf(key)]) {
      await this.runtime.removeContainer(id);
      this.#cache.remove(id);
    }
  }

  /** Whether something was started, so that there is something to tell. */
  async #startMissing(pod: Pod): Promise<boolean> {
    const key = keyOf(pod);
    const { uid, namespace = '', name } = pod.metadata;
    const config = {
      ...sandboxConfig(undefined),
      ...{ podUid: uid, podKey: key, namespace, podName: name },
    };
    const known = this.#cache.ofPod(uid);
    const sandbox =
      known.find((c) => c.containerName === undefined) ?? (await this.runtime.startSandbox(config));
    this.#cache.put(sandbox);
    const wanted: Started[] = [...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? [])];
    const missing = wanted.filter((c) => !known.some((made) => made.containerName === c.name));
    for (const { name: containerName, image = '', stdin = false, tty = false } of missing) {
      this.runtime.images.add(image);
      const own = { containerName, stdin, tty };
      const made = await this.runtime.startContainer(sandbox, containerConfig(config, image, own));
      if (image.endsWith('/ends')) this.runtime.exit(made.id, 0);
      this.#cache.put(this.runtime.containers.get(made.id) ?? made);
    }
    return missing.length > 0;
  }

  async #tell(pod: Pod): Promise<void> {
    const made = this.#cache.ofPod(pod.metadata.uid);
    const statusOf = ({ name }: { name: string }) =>
      containerStatus(made.find((c) => c.containerName === name) as RuntimeContainer);
    const own = pod.spec.containers.map(statusOf);
    const ended = own.every(({ state }) => state?.terminated);
    const isBroken = pod.spec.containers.some(({ image }) => image?.endsWith('/broken'));
    const ready = ended || isBroken ? 'False' : 'True';
    const now = timestamp(Date.now());
    const condition = (type: string, status: string) => ({ type, status, lastTransitionTime: now });
    const status = {
      phase: ended ? 'Succeeded' : 'Running',
      podIP: '10.40.0.9',
      podIPs: [{ ip: '10.40.0.9' }],
      hostIP: '192.0.2.11',
      startTime: pod.status?.startTime ?? now,
      conditions: [
        condition('Initialized', 'True'),
        condition('Ready', ready),
        condition('ContainersReady', ready),
      ],
      containerStatuses: own,
      ephemeralContainerStatuses: (pod.spec.ephemeralContainers ?? []).map(statusOf),
    };
    await this.#options.client.patch(pods, keyOf(pod), { type: 'strategic', body: { status } }, 'status');
  }
}

function containerStatus(made: RuntimeContainer): core.ContainerStatus {
  const { id, image, imageId, startedAt, finishedAt, exitCode } = made;
  const second = (text?: string) => timestamp(text ? Date.parse(text) : 0);
  const state =
    made.state === 'running'
      ? { running: { startedAt: second(startedAt) } }
      : { terminated: { exitCode: exitCode ?? 0, reason: 'Completed', finishedAt: second(finishedAt) } };
  return {
    name: made.containerName ?? '',
    image,
    imageID: imageId,
    containerID: `podman://${id}`,
    ready: made.state === 'running',
    started: made.state === 'running',
    restartCount: 0,
    state,
  };
}

/** Two lines; who follows gets a third one and waits for more. */
async function* lines(pod: string, follow: boolean, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${pod} began\n`);
  yield Buffer.from('second line\n');
  if (!follow) return;
  yield Buffer.from('and on\n');
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
