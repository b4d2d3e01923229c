// What this board measures of itself, joined: heartbeats, conditions, eviction under pressure and over limits, logs
// kept in bounds, and what containers use.
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { type BoardLoad, BoardLoadMeter } from '../../kubelet/board/board-load.ts';
import { Heartbeat } from '../../kubelet/board/heartbeat.ts';
import { Evictor } from '../../kubelet/eviction/evictor.ts';
import { LocalStorageWatch } from '../../kubelet/eviction/local-storage-watch.ts';
import { BoardHealth } from '../../kubelet/health/board-health.ts';
import { isOnDisk } from '../../kubelet/health/thresholds.ts';
import type { Kubelet } from '../../kubelet/kubelet.ts';
import { LogKeeper } from '../../kubelet/logs/log-keeper.ts';
import type { LogLimits } from '../../kubelet/logs/log-limits.ts';
import type { BoardReading } from '../../kubelet/metrics/board-figures.ts';
import { ContainerMeter } from '../../kubelet/metrics/container-meter.ts';
import { MetricsReporter } from '../../kubelet/metrics/metrics-reporter.ts';
import type { AgentLink } from '../../mqtt/agent-link.ts';
import type { EvictionSettings } from '../eviction-flags.ts';

export interface BoardWatchOptions {
  nodeName: string;
  link: AgentLink;
  kubelet: Kubelet;
  dataDir: string;
  logLimits: LogLimits;
  /** How often the use of containers is told. */
  metricsIntervalMs?: number;
  /** How often the board is looked at, and says that it is there. */
  heartbeatIntervalMs?: number;
  eviction?: EvictionSettings | undefined;
  clock: Clock;
  logger: Logger;
}

export class BoardWatch implements Component {
  readonly #options: BoardWatchOptions;
  readonly #meter = new ContainerMeter();
  readonly #evictor: Evictor;
  readonly #heartbeat: Heartbeat;
  readonly #metrics: MetricsReporter;
  readonly health: BoardHealth;
  #load: BoardLoad | undefined;

  constructor(options: BoardWatchOptions) {
    this.#options = options;
    this.#evictor = this.#makeEvictor();
    this.health = this.#makeHealth();
    this.#heartbeat = this.#makeHeartbeat();
    this.#metrics = this.#makeMetrics();
  }

  async start(): Promise<void> {
    await this.#heartbeat.start();
    await this.#metrics.start();
  }

  async stop(): Promise<void> {
    await this.#metrics.stop();
    await this.#heartbeat.stop();
  }

  /** Reads the counters of all that runs now. */
  read(): Promise<BoardReading> {
    return this.#meter.read(this.#options.kubelet.runningContainers());
  }

  /** As the last heartbeat told it. */
  get load(): BoardLoad | undefined {
    return this.#load;
  }

  #makeHeartbeat(): Heartbeat {
    const { kubelet, link, dataDir, logLimits: limits, heartbeatIntervalMs, clock, logger } = this.#options;
    const meter = new BoardLoadMeter(dataDir);
    const localStorage = this.#makeLocalStorageWatch();
    const logs = new LogKeeper({ limits, running: () => kubelet.runningContainers(), logger });
    return new Heartbeat({
      ...(heartbeatIntervalMs === undefined ? {} : { intervalMs: heartbeatIntervalMs }),
      clock,
      logger,
      measure: (nowMs) => meter.measure(nowMs),
      send: (beat) => {
        this.#load = beat;
        link.heartbeat(beat);
        this.health.observe(beat);
        void logs.look();
        void localStorage.observe(beat.disk.usedBytes);
      },
    });
  }

  #makeHealth(): BoardHealth {
    const { nodeName, link, clock, eviction } = this.#options;
    return new BoardHealth({
      ...eviction,
      nodeName,
      clock,
      report: (conditions) => link.setConditions('health', conditions),
      event: (event) => link.boardEvent(event),
      relieve: (shortages) => void this.#evictor.relieve(shortages),
    });
  }

  get #podFolders() {
    const { dataDir } = this.#options;
    return { volumesDir: join(dataDir, 'volumes'), logDir: join(dataDir, 'logs') };
  }

  #makeLocalStorageWatch(): LocalStorageWatch {
    const { kubelet, clock, logger } = this.#options;
    return new LocalStorageWatch({
      clock,
      logger,
      pods: () => kubelet.takenPods(),
      use: async (pod) => {
        const { localUse } = await import('../../kubelet/eviction/local-use.ts');
        return localUse(pod, kubelet.runningContainers(), this.#podFolders);
      },
      evict: (podKey, podUid, why) => kubelet.evict(podKey, podUid, why),
    });
  }

  #makeEvictor(): Evictor {
    const { kubelet, link, clock, logger } = this.#options;
    return new Evictor({
      clock,
      logger,
      pods: () => kubelet.takenPods(),
      use: async (resource, pods) => {
        const { podUse } = await import('../../kubelet/eviction/pod-use.ts');
        return podUse(resource, pods, kubelet.runningContainers(), this.#podFolders);
      },
      reclaim: async (resource) => (isOnDisk(resource) ? kubelet.reclaimDisk() : undefined),
      evict: (podKey, podUid, why) => kubelet.evict(podKey, podUid, why),
      isGone: (podUid) => kubelet.isGone(podUid),
      event: (event) => link.boardEvent(event),
    });
  }

  #makeMetrics(): MetricsReporter {
    const { kubelet, link, metricsIntervalMs, clock, logger } = this.#options;
    return new MetricsReporter({
      clock,
      logger,
      ...(metricsIntervalMs === undefined ? {} : { intervalMs: metricsIntervalMs }),
      running: () => kubelet.runningContainers(),
      meter: this.#meter,
      send: (report) => link.metrics(report),
    });
  }
}
