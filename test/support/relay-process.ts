// A proxy in a process of its own: one NodePort in front of one endpoint. Started with fork() by tests and benches that
// need its memory, its allocations or its sockets apart from their own.
// argv: PORT ENDPOINT_PORT [collect]. Sends 'ready'; to 'use' it answers with its memory, with `collect` after a
// collection.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Proxier } from '../../src/proxy/proxier.ts';
import { endpointsOf, inputOf, tcpService } from './proxied-services.ts';

export interface RelayUse {
  residentBytes: number;
  heapUsedBytes: number;
  externalBytes: number;
  /** Alive, or dead and waiting for a full collection. */
  oldBytes: number;
  collections: number;
}

const [port = 0, endpointPort = 0] = process.argv.slice(2).map(Number);
const proxier = new Proxier({
  listenAddress: '127.0.0.1',
  onVirtualPorts: () => undefined,
  onRefusal: ({ message }) => process.stderr.write(`${message}\n`),
  clock: systemClock,
  logger: silentLogger,
});
await proxier.start();
const endpoints = endpointsOf([{ ip: '127.0.0.1', port: endpointPort }]);
await proxier.update(inputOf(tcpService({ clusterIP: '' }, { nodePort: port, endpoints })));

let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ['gc'] });

process.on('message', (message) => {
  if (message === 'use') process.send?.(use());
});
process.on('disconnect', () => process.exit());
process.send?.('ready');

function use(): RelayUse {
  const seen = collections;
  if (process.argv[4] === 'collect') collect();
  const { rss, heapUsed, external } = process.memoryUsage();
  const oldBytes = getHeapSpaceStatistics().find(
    (space) => space.space_name === 'old_space',
  )?.space_used_size;
  return {
    residentBytes: rss,
    heapUsedBytes: heapUsed,
    externalBytes: external,
    oldBytes: oldBytes ?? 0,
    collections: seen,
  };
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  if (typeof gc === 'function') gc();
}
