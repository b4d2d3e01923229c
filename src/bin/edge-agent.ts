// The agent as a program of its own: joins a master with a token once, then runs this board's pods.
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { tryParseQuantity, wholeValue } from '../api/quantity.ts';
import { endedAt } from '../base/certificate-time.ts';
import { systemClock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { HEARTBEAT_INTERVAL_MS } from '../kubelet/board/heartbeat.ts';
import { defaultLogLimits, LEAST_LOG_SIZE_BYTES, type LogLimits } from '../kubelet/logs/log-limits.ts';
import { METRICS_INTERVAL_MS } from '../kubelet/metrics/metrics-reporter.ts';
import { SHORTEST_WINDOW_MS } from '../kubelet/metrics/usage-window.ts';
import { fingerprintOf } from '../pki/certificate-authority.ts';
import { parseJoinToken } from '../pki/join-token.ts';
import { Agent } from './agent/agent.ts';
import { ingressFlags, ingressSettings } from './agent/agent-ingress.ts';
import { AGENT_DATA_DIR } from './agent/agent-options.ts';
import { evictionFlags, evictionSettings } from './eviction-flags.ts';
import {
  durationMs,
  type Flags,
  type FlagValues,
  numberIn,
  podManifestPath,
  required,
  UsageError,
} from './flags.ts';
import { agentImages, imageFlags } from './image-flags.ts';
import { joinInTime } from './join-in-time.ts';
import { createLogger, logLevel } from './logging.ts';
import { joinMaster, type NodeIdentity, storedIdentity } from './node-identity.ts';
import { runProgram } from './program.ts';
import { proxyFlags, proxySettings } from './proxy-flags.ts';

const env = process.env;
/** How often a board that waits for its clock looks whether it is set. */
const TIME_CHECK_MS = 2_000;
const flags: Flags = {
  master: {
    value: 'URL',
    help: 'the master, such as https://192.168.1.10:6443; or EDGE_MASTER',
    default: env.EDGE_MASTER ?? '',
  },
  token: {
    value: 'TOKEN',
    help: "from 'edgectl token create', for the first start; better EDGE_TOKEN, which no process list shows",
  },
  'data-dir': {
    value: 'DIR',
    help: 'where the agent keeps its identity, records and logs',
    default: AGENT_DATA_DIR,
  },
  'node-name': { value: 'NAME', help: "this board's name in the cluster", default: hostname().toLowerCase() },
  'pod-manifest-path': {
    value: 'DIR',
    help: 'folder of static pods; manifests in the data directory unless given',
  },
  ...ingressFlags,
  ...proxyFlags,
  ...imageFlags,
  ...evictionFlags,
  'container-log-max-size': {
    value: 'SIZE',
    help: "of a file of a container's log, such as 4Mi; 1Mi at least",
    default: '4Mi',
  },
  'container-log-max-files': {
    value: 'N',
    help: 'how many such files are kept of a container',
    default: `${defaultLogLimits.maxFiles}`,
  },
  'node-status-update-frequency': {
    value: 'DURATION',
    help: 'how often the board is looked at and says that it is there; 1s at least, well below what the master waits',
    default: `${HEARTBEAT_INTERVAL_MS / 1000}s`,
  },
  'metrics-interval': {
    value: 'DURATION',
    help: 'how often the use of containers is told, which kubectl top and autoscalers see; 5s at least',
    default: `${METRICS_INTERVAL_MS / 1000}s`,
  },
  uninstall: {
    value: undefined,
    help: "take pods and all of the cluster's network off this board, and end; what is stored stays",
  },
  'log-level': { value: 'LEVEL', help: 'debug, info, warn or error', default: 'warn' },
};

await runProgram({
  usage: 'edge-agent --master URL [--token TOKEN] [flags]',
  about: 'The agent of an edge-cluster: registers this board and runs its pods with podman.',
  flags,
  task: (values) => (values.uninstall ? () => uninstall(values) : undefined),
  create: (values) => createAgent(values, createLogger(logLevel(values))),
  async ready(values) {
    process.stdout.write(`The agent is ready. Node: ${values['node-name']}\n`);
  },
});

async function uninstall(values: FlagValues): Promise<void> {
  const { uninstallAgent } = await import('./agent/uninstall.ts');
  const options = {
    dataDir: resolve(required(values, 'data-dir')),
    nodeName: required(values, 'node-name'),
    clock: systemClock,
    logger: createLogger(logLevel(values)),
  };
  for (const line of await uninstallAgent(options)) process.stdout.write(`${line}\n`);
}

async function createAgent(values: FlagValues, logger: Logger): Promise<Agent> {
  const master = masterUrl(required(values, 'master'));
  const dataDir = resolve(required(values, 'data-dir'));
  const nodeName = required(values, 'node-name');
  const identity = await identify(dataDir, nodeName, master, values.token ?? env.EDGE_TOKEN, logger);
  return new Agent({
    nodeName,
    master,
    identity,
    mqttPort: identity.mqttPort,
    dataDir,
    podManifestPath: podManifestPath(values),
    ingress: ingressSettings(values),
    cleanOnStop: false,
    proxy: proxySettings(values),
    images: agentImages(values),
    eviction: evictionSettings(values),
    logLimits: logLimits(values),
    heartbeatIntervalMs: durationMs(values, 'node-status-update-frequency', 1_000),
    metricsIntervalMs: durationMs(values, 'metrics-interval', SHORTEST_WINDOW_MS),
    clock: systemClock,
    logger,
  });
}

function logLimits(values: FlagValues): LogLimits {
  const size = tryParseQuantity(values['container-log-max-size'] ?? '');
  const maxSizeBytes = size ? wholeValue(size) : 0;
  if (maxSizeBytes < LEAST_LOG_SIZE_BYTES)
    throw new UsageError(
      `--container-log-max-size takes a size from 1Mi on, not '${values['container-log-max-size']}'`,
    );
  const maxFiles = numberIn(values, 'container-log-max-files', { lowest: 1, highest: 100, isWhole: true });
  return { maxSizeBytes, maxFiles };
}

function masterUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:')
    throw new UsageError(`--master takes a URL such as https://192.168.1.10:6443, not '${text}'`);
  return url;
}

/**
 * A token of the same cluster is not needed twice unless the certificate has ended; one of another means: move there.
 */
async function identify(
  dataDir: string,
  node: string,
  master: URL,
  token: string | undefined,
  logger: Logger,
): Promise<NodeIdentity> {
  const stored = await storedIdentity(dataDir);
  const isOfCluster =
    stored && token && parseJoinToken(token).fingerprint === fingerprintOf(stored.authorityPem);
  const hasEnded = stored && endedAt(stored.certificatePem, systemClock.now()) !== undefined;
  if (stored && (!token || (isOfCluster && !hasEnded))) return stored;
  if (!token) {
    throw new UsageError(
      "this board has not joined a cluster: give --token; 'edgectl token create' on the master prints one",
    );
  }
  const wait = () => new Promise<void>((resolve) => setTimeout(resolve, TIME_CHECK_MS));
  return joinInTime(() => joinMaster(dataDir, node, master, token), { clock: systemClock, logger, wait });
}
