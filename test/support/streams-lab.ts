// An API server over HTTPS and a board that serves its sessions from the fake runtime: all of a stream but MQTT
// and podman. Pod `default/web` (container `main`) runs on it; its address is loopback.
import type { SessionRequest } from '../../src/api/session.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { ContainerCache } from '../../src/kubelet/container-cache.ts';
import { containerProcess, podNetwork } from '../../src/kubelet/container-processes.ts';
import { Sessions } from '../../src/kubelet/sessions.ts';
import type { BoardDocuments } from '../../src/kubelet/streams/serve-board.ts';
import { startApiServer, type TestApiServer } from './api-server.ts';
import { FakeClock } from './fake-clock.ts';
import type { FakeProcess } from './fake-process.ts';
import { FakeRuntime } from './fake-runtime.ts';
import { containerConfig, sandboxConfig } from './runtime-contract.ts';

const NODE = 'board-a';
const IMAGE = 'x:1';

export interface StreamsLab {
  api: TestApiServer;
  runtime: FakeRuntime;
  /** Id of the pod's container. */
  containerId: string;
  /** What was asked of the board, oldest first. */
  requests: SessionRequest[];
  /** What the pod's log is; it may never end. */
  setLog(log: () => AsyncIterable<Uint8Array>): void;
  /** The newest process of the container. */
  process(): FakeProcess;
  path(subresource: string): string;
  /** The board breaks off all its sessions and takes no more. */
  loseBoard(): Promise<void>;
  stop(): Promise<void>;
}

export async function startStreamsLab(options: { documents?: BoardDocuments } = {}): Promise<StreamsLab> {
  const requests: SessionRequest[] = [];
  const runtime = new FakeRuntime({ clock: new FakeClock(), images: [IMAGE] });
  const cache = new ContainerCache();
  let log = async function* (): AsyncGenerator<Uint8Array> {};
  const api = await startApiServer({
    nodeSessions: {
      request: async (_node, request) => {
        requests.push(request);
        sessions.serve(request);
      },
    },
  });
  const usage = 'client';
  const node = await api.authority.issue({
    commonName: `system:node:${NODE}`,
    organization: 'system:nodes',
    usage,
  });
  const caPem = api.authority.certificatePem;
  const sessions = new Sessions({
    masterUrl: api.url,
    tls: () => ({ caPem, certPem: node.certificatePem, keyPem: node.keyPem }),
    clock: systemClock,
    logger: silentLogger,
    ...options,
    sources: {
      openLog: async () => log(),
      startProcess: (request) => containerProcess(runtime, cache, request),
      podNetwork: (place) => podNetwork(cache, place, ['127.0.0.1']),
    },
  });
  const containerId = await runPod(api, runtime, cache);
  return {
    api,
    runtime,
    containerId,
    requests,
    setLog: (next) => {
      log = next as typeof log;
    },
    process() {
      const process = runtime.processes.get(containerId)?.at(-1);
      if (!process) throw new Error('no process was started');
      return process;
    },
    path: (subresource) => `/api/v1/namespaces/default/pods/web/${subresource}`,
    loseBoard: () => sessions.stop(),
    async stop() {
      await sessions.stop();
      await api.stop();
    },
  };
}

async function runPod(api: TestApiServer, runtime: FakeRuntime, cache: ContainerCache): Promise<string> {
  const spec = { containers: [{ name: 'main', image: IMAGE, stdin: true }] };
  const made = await api.ask('POST', '/api/v1/namespaces/default/pods', {
    body: { metadata: { name: 'web' }, spec },
  });
  await api.server.client.bind('default/web', NODE);
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  const headers = { 'content-type': 'application/merge-patch+json' };
  await api.ask('PATCH', '/api/v1/namespaces/default/pods/web/status', { body: { status }, headers });
  const place = {
    podUid: made.json.metadata.uid,
    podKey: 'default/web',
    namespace: 'default',
    podName: 'web',
  };
  const config = { ...sandboxConfig(undefined), ...place };
  const sandbox = await runtime.startSandbox(config);
  const container = await runtime.startContainer(sandbox, containerConfig(config, IMAGE));
  cache.put(sandbox);
  cache.put(container);
  return container.id;
}
