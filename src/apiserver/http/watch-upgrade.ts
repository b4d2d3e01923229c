// A watch over WebSocket, as browsers read it: each event is one text message. As upstream the events are plain JSON
// under every subprotocol, also under base64.binary.k8s.io, which Headlamp offers and does not mean.
import { Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ServedKinds } from '../../api/served-kinds.ts';
import { badRequest, notFound } from '../../api/status-error.ts';
import { acceptWebSocket, chooseProtocol, type UpgradeRequest } from '../streams/upgrade-request.ts';
import { booleanParameter } from './query.ts';
import { openWatch } from './read-verbs.ts';
import type { ResourceServices } from './resource-handler.ts';
import type { ResourcePath } from './resource-path.ts';

const PROTOCOLS = ['base64.binary.k8s.io', 'binary.k8s.io', ''];
const NORMAL_CLOSURE = 1000;

export class WatchUpgrades {
  readonly #services: ResourceServices;
  readonly #kinds: ServedKinds;

  constructor(services: ResourceServices, kinds: ServedKinds) {
    this.#services = services;
    this.#kinds = kinds;
  }

  /** Whether the path is that of a collection that is to be watched. */
  accepts(path: ResourcePath | undefined, { query }: UpgradeRequest): path is ResourcePath {
    return path !== undefined && path.name === undefined && booleanParameter(query, 'watch');
  }

  /** Resolves when the watch is over. @throws StatusError before the client has been answered. */
  async handle(request: UpgradeRequest, { group, version, plural, namespace }: ResourcePath): Promise<void> {
    if (request.method !== 'GET') throw badRequest('a watch is asked for with GET');
    const kind = this.#kinds.byResource(group, version, plural);
    if (!kind) throw notFound({ group, kind: plural, name: '' });
    const watch = openWatch({ api: request, services: this.#services, kind, namespace, name: undefined });
    try {
      const protocol = chooseProtocol(request, PROTOCOLS);
      const socket = await acceptWebSocket(request, protocol, this.#services.clock);
      await watch.run(messages(socket));
    } finally {
      watch.close();
    }
  }
}

/** Lines become messages; a reader that is slow is waited for. */
function messages(socket: WebSocket): Writable {
  const output = new Writable({
    write: (line: Buffer, _encoding, done) => socket.send(line.toString('utf8').trimEnd(), done),
    final: (done) => {
      socket.close(NORMAL_CLOSURE);
      done();
    },
  });
  // The socket closes with its error, and that ends the watch.
  output.on('error', () => socket.terminate());
  socket.once('close', () => output.destroy());
  // Nothing that a watcher sends means anything, but its close must be read.
  socket.resume();
  return output;
}
