// A whole master over HTTPS for foreign clients: API server, all controllers, scheduler, Events, and two boards that
// run in memory. What a client does is then looked up in the cluster, not only in what the client printed.
import { systemClock } from '../../src/base/clock.ts';
import { defaultClusterNetwork } from '../../src/base/cluster-network.ts';
import { sequence } from '../../src/base/component.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { EventRecorder } from '../../src/client/event-recorder.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { allControllers } from '../../src/controllers/all-controllers.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { startApiServer, type TestApiServer } from './api-server.ts';
import { boardUsage } from './board-usage.ts';
import { FakeBoard } from './fake-board.ts';
import { addNode } from './memory-cluster.ts';
import { noSigner } from './no-signer.ts';

export interface ClientCluster {
  api: TestApiServer;
  boards: ReadonlyMap<string, FakeBoard>;
  /** GET of a path under `/api/v1/namespaces/NS/` or, with a slash in front, of any path; rejects unless it is 200. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the server sent.
  get(path: string): Promise<any>;
  stop(): Promise<void>;
}

export async function startClientCluster(names = ['board-a', 'board-b']): Promise<ClientCluster> {
  const boards = new Map<string, FakeBoard>();
  const api = await startApiServer({
    nodeSessions: { request: async (node, request) => boards.get(node)?.serve(request) },
    usage: boardUsage(boards),
    components: () => [{ name: 'scheduler' }],
  });
  const { client } = api.server;
  const clock = systemClock;
  const logger = silentLogger;
  const informers = new InformerFactory({ client, clock, logger });
  const recorder = new EventRecorder({ client, clock, logger });
  const common = { client, informers, clock, logger, recorder };
  const controllers = allControllers({
    ...common,
    customKinds: api.server.kinds,
    network: defaultClusterNetwork,
    rootCaPem: api.authority.certificatePem,
    certificateSigner: noSigner,
  });
  const scheduler = new Scheduler(common);
  for (const name of names) boards.set(name, await makeBoard(api, informers, name));
  const parts = sequence([recorder, informers, controllers, scheduler, ...boards.values()]);
  await parts.start();
  for (const name of names) await addNode(client, name);
  return {
    api,
    boards,
    async get(path) {
      const { code, json, text } = await api.ask('GET', path);
      if (code !== 200) throw new Error(`${path}: ${code} ${text}`);
      return json;
    },
    async stop() {
      await parts.stop();
      await api.stop();
    },
  };
}

async function makeBoard(api: TestApiServer, informers: InformerFactory, name: string): Promise<FakeBoard> {
  const identity = await api.authority.issue({
    commonName: `system:node:${name}`,
    organization: 'system:nodes',
    usage: 'client',
  });
  const tls = {
    caPem: api.authority.certificatePem,
    certPem: identity.certificatePem,
    keyPem: identity.keyPem,
  };
  return new FakeBoard({
    name,
    client: api.server.client,
    informers,
    masterUrl: () => api.url,
    tls: () => tls,
  });
}
