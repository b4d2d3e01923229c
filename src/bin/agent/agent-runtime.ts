// The agent's podman: what it is called there, and where on the board its things lie.
import { join } from 'node:path';
import { defaultLogLimits } from '../../kubelet/logs/log-limits.ts';
import { PodmanRuntime } from '../../kubelet/runtime/podman/podman-runtime.ts';
import type { Runtime } from '../../kubelet/runtime/runtime.ts';
import { systemCommands } from '../../network/command-runner.ts';
import { ConnectionTracking } from '../../network/connection-tracking.ts';
import type { Ipv6Network } from '../../network/ipv6/ipv6-network.ts';
import { IP_FORWARD, KernelSwitch, PORT_REUSE } from '../../network/kernel-switch.ts';
import { type AgentOptions, BRIDGE } from './agent-options.ts';

/** One agent to a board: it owns every container with this label. */
const OWNER = 'edge-cluster';
/** What is needed only while pods run. */
export const RUN_DIR = '/run/edge-cluster';

type RuntimeSettings = Pick<
  AgentOptions,
  'runtime' | 'dataDir' | 'images' | 'logLimits' | 'cleanOnStop' | 'clock' | 'logger'
>;

export const boardForwarding = () => new KernelSwitch(join(RUN_DIR, 'ip-forward-was'), IP_FORWARD);
export const boardPortReuse = () => new KernelSwitch(join(RUN_DIR, 'port-reuse-was'), PORT_REUSE);
export const boardTracking = () => new ConnectionTracking({ notePath: join(RUN_DIR, 'conntrack-was') });

/** Only boards of a cluster with second addresses pay for it, and those that are to be rid of all. */
export async function boardIpv6(): Promise<Ipv6Network> {
  const { Ipv6Forwarding } = await import('../../network/ipv6/ipv6-forwarding.ts');
  const { Ipv6Network } = await import('../../network/ipv6/ipv6-network.ts');
  return new Ipv6Network(systemCommands, new Ipv6Forwarding(join(RUN_DIR, 'ipv6-forwarding-was')), BRIDGE);
}

/** This board's shares of the pod ranges: `undefined` until its pods may start, the second where it has none. */
export interface PodRanges {
  podCIDR(): string | undefined;
  podCIDRv6?(): string | undefined;
}

export function agentRuntime(options: RuntimeSettings, { podCIDR, podCIDRv6 }: PodRanges): Runtime {
  const { runtime, dataDir, images, logLimits = defaultLogLimits, cleanOnStop, clock, logger } = options;
  if (runtime) return runtime;
  return new PodmanRuntime({
    dataDir: join(dataDir, 'podman'),
    runDir: RUN_DIR,
    owner: OWNER,
    logDir: join(dataDir, 'logs'),
    logSizeBytes: logLimits.maxSizeBytes,
    podInfraImage: images?.podInfraImage,
    network: { bridge: BRIDGE, podRange: podCIDR, podRangeV6: podCIDRv6 },
    removeOnStop: cleanOnStop,
    clock,
    logger,
  });
}
