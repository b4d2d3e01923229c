// The proxy's own thread: a Proxier whose ports are messages. Started by ProxyThread.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../base/clock.ts';
import type { LogFields, Logger } from '../base/logger.ts';
import { Proxier } from './proxier.ts';
import type { CountersByKey, FromProxy, Guest, ThreadSettings, ToProxy } from './thread-messages.ts';

const port = parentPort;
if (!port) throw new Error('the proxy runs as a worker thread');

const tell = (message: FromProxy) => port.postMessage(message);

const { listenAddress, formerPorts, openFiles } = workerData as ThreadSettings;
const proxier = new Proxier({
  listenAddress,
  formerPorts: async () => formerPorts,
  ...(openFiles === undefined ? {} : { openFiles }),
  onVirtualPorts: (ports, kernel) => tell({ kind: 'virtualPorts', ports, kernel }),
  onRefusal: (refusal) => tell({ kind: 'refusal', refusal }),
  clock: systemClock,
  logger: messageLogger({}),
});

port.on('message', async (message: ToProxy) => {
  if (message.kind === 'host') return host(message.file, message.port);
  if (message.kind === 'update') await proxier.update(message.input);
  const counters: CountersByKey = message.kind === 'count' ? proxier.counters() : new Map();
  tell({ kind: 'done', id: message.id, counters });
});
await proxier.start();

async function host(file: string, guestPort: MessagePort): Promise<void> {
  const guest: Guest = await import(file);
  guest.serve(guestPort);
}

function messageLogger(common: LogFields): Logger {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: LogFields, message: string) =>
    tell({ kind: 'log', level, fields: { ...common, ...fields }, message });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => messageLogger({ ...common, ...fields }),
  };
}
