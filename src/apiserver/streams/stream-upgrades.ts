// Requests that leave HTTP for a stream: exec, attach, port-forward and logs of a pod, and what goes through
// its proxy. Loaded when the first comes.
import { badRequest, notFound } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { LastingRights } from '../auth/lasting-rights.ts';
import { isProxied, parseResourcePath, type ResourcePath } from '../http/resource-path.ts';
import type { WatchUpgrades } from '../http/watch-upgrade.ts';
import type { PodLogs } from '../pod-logs.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sessions } from '../sessions.ts';
import { livePod } from './pod-target.ts';
import {
  acceptWebSocket,
  chooseProtocol,
  isSpdy,
  isWebSocket,
  type UpgradeRequest,
} from './upgrade-request.ts';

export interface StreamUpgradesOptions {
  registry: Registry;
  sessions: Sessions;
  logs: PodLogs;
  watches: WatchUpgrades;
  lasting: LastingRights;
  clock: Clock;
  logger: Logger;
}

export class StreamUpgrades {
  readonly #options: StreamUpgradesOptions;

  constructor(options: StreamUpgradesOptions) {
    this.#options = options;
  }

  /** Resolves when the stream is over. @throws StatusError while the client has not been answered. */
  async handle(request: UpgradeRequest): Promise<void> {
    try {
      const { lasting } = this.#options;
      await lasting.during(request, request.socket, () => this.#serve(request));
    } catch (error) {
      if (!request.isGranted) throw error;
      this.#options.logger.debug({ error: String(error) }, 'a stream broke off');
      request.socket.destroy();
    }
  }

  async #serve(request: UpgradeRequest): Promise<void> {
    const path = parseResourcePath(request.segments);
    const { watches } = this.#options;
    if (isWebSocket(request) && watches.accepts(path, request)) return watches.handle(request, path);
    if (path && isProxied(path)) {
      const { proxyUpgrade } = await import('../proxy/pod-proxy.ts');
      return proxyUpgrade(this.#options, request, path);
    }
    if (!path || !isPodStream(path)) throw notUpgradable();
    if (!isWebSocket(request) && !isSpdy(request))
      throw badRequest('upgrade to websocket or SPDY/3.1, nothing else');
    const { namespace, name, subresource } = path;
    if (!namespace) throw notFound({ group: '', kind: 'pods', name: name ?? '' });
    const key = `${namespace}/${name}`;
    if (subresource === 'log') return this.#log(request, key);
    const pod = livePod(this.#options.registry, key);
    if (subresource === 'portforward') {
      const { upgradeToForwards } = await import('./forward-upgrade.ts');
      return upgradeToForwards(request, pod, this.#options);
    }
    const { upgradeToProcess } = await import('./process-upgrade.ts');
    return upgradeToProcess(request, pod, subresource === 'exec' ? 'exec' : 'attach', this.#options);
  }

  async #log(request: UpgradeRequest, key: string): Promise<void> {
    if (!isWebSocket(request)) throw notUpgradable();
    const { LOG_PROTOCOLS, relayLogToWebSocket, sendEmptyLog } = await import('./websocket-log.ts');
    const { registry, logs, clock } = this.#options;
    const protocol = chooseProtocol(request, LOG_PROTOCOLS);
    const session = await logs.open(registry, key, request.query);
    if (!session) return sendEmptyLog(await acceptWebSocket(request, protocol, clock));
    await relayLogToWebSocket(session, protocol, () => acceptWebSocket(request, protocol, clock));
  }
}

const STREAMS = ['exec', 'attach', 'portforward', 'log'];

const isPodStream = ({ group, version, plural, subresource }: ResourcePath): boolean =>
  group === '' && version === 'v1' && plural === 'pods' && STREAMS.includes(subresource ?? '');

const notUpgradable = () =>
  badRequest('this path is not served over WebSocket or SPDY: ask for it without Upgrade');
