// What an agent is started with.
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { LogLimits } from '../../kubelet/logs/log-limits.ts';
import type { Runtime } from '../../kubelet/runtime/runtime.ts';
import type { EvictionSettings } from '../eviction-flags.ts';
import type { AgentImages } from '../image-flags.ts';
import type { NodeIdentity } from '../node-identity.ts';
import type { ProxySettings } from '../proxy-flags.ts';
import type { IngressSettings } from './agent-ingress.ts';

export interface AgentOptions {
  nodeName: string;
  /** Of the API server, such as `https://192.168.1.10:6443`. */
  master: URL;
  identity: NodeIdentity;
  mqttPort: number;
  dataDir: string;
  /** Folder of static pods; `manifests` in the data directory unless given. */
  podManifestPath?: string | undefined;
  /** Serve Ingress on ports 80 and 443; not unless given. */
  ingress?: IngressSettings | undefined;
  images?: AgentImages;
  /** stop() takes pods and network off the board (the trial's Ctrl-C) instead of leaving them running. */
  cleanOnStop: boolean;
  proxy?: ProxySettings;
  clock: Clock;
  logger: Logger;
  logLimits?: LogLimits;
  /** How often the use of containers is told. */
  metricsIntervalMs?: number;
  /** How often the board is looked at, and says that it is there. */
  heartbeatIntervalMs?: number;
  eviction?: EvictionSettings;
  /** Instead of podman, in tests. */
  runtime?: Runtime;
}

/** Where an agent keeps its things unless told otherwise. */
export const AGENT_DATA_DIR = '/var/lib/edge-cluster/agent';
/** One agent to a board. */
export const AGENT_LOCK = 'edge-cluster-agent';
export const CLUSTER_DOMAIN = 'cluster.local';
/** The bridge of this board's pods. */
export const BRIDGE = 'edge0';
