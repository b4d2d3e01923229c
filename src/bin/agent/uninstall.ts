// Takes the agent's doings off a board: its pods, their bridge, routes, rules, addresses and what lies in
// memory. Touches nothing else, needs no master and no running agent, and may be run again.
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/error-message.ts';
import type { Logger } from '../../base/logger.ts';
import { ProcessLock } from '../../base/process-lock.ts';
import { removeEverything } from '../../kubelet/pods/remove-everything.ts';
import type { RuntimeContainer } from '../../kubelet/runtime/runtime.ts';
import { ownMemoryDirectory } from '../../kubelet/volumes/memory-directory.ts';
import { removeFolder } from '../../kubelet/volumes/pod-volumes.ts';
import { boardHasIpv6 } from '../../network/board-ipv6.ts';
import { systemCommands } from '../../network/command-runner.ts';
import { listIp } from '../../network/ip-listing.ts';
import { removeNetwork } from '../../network/network-removal.ts';
import { AGENT_LOCK, BRIDGE } from './agent-options.ts';
import {
  agentRuntime,
  boardForwarding,
  boardIpv6,
  boardPortReuse,
  boardTracking,
  RUN_DIR,
} from './agent-runtime.ts';

export interface UninstallOptions {
  dataDir: string;
  nodeName: string;
  clock: Clock;
  logger: Logger;
}

/** Resolves with lines that say what was removed and what is left to a person; rejects while an agent runs. */
export async function uninstallAgent(options: UninstallOptions): Promise<string[]> {
  const lock = new ProcessLock(AGENT_LOCK);
  if (!(await lock.take()))
    throw new Error("the agent runs on this board: stop it first, with 'systemctl disable --now edge-agent'");
  try {
    const pods = await removePods(options);
    const network = await removeNetwork({
      commands: systemCommands,
      forwarding: boardForwarding(),
      tracking: boardTracking(),
      portReuse: boardPortReuse(),
      ipv6: boardHasIpv6() ? await boardIpv6() : undefined,
    });
    await removeFolders(options.dataDir);
    const removed = [...pods.removed, ...network].map((what) => `removed ${what}`);
    return [...removed, ...pods.left.map((what) => `left    ${what}`), ...leftToPeople(options)];
  } finally {
    await lock.release();
  }
}

/** A board without podman, or with one that does not work, gets rid of the rest all the same. */
async function removePods({ dataDir, clock, logger }: UninstallOptions) {
  const runtime = agentRuntime({ dataDir, cleanOnStop: true, clock, logger }, { podCIDR: () => undefined });
  const hadBridge = await hasBridge();
  try {
    const before = podsOf(await runtime.list());
    await removeEverything(runtime, clock, logger);
    const after = podsOf(await runtime.list());
    await runtime.stop();
    const gone = [...before].filter((pod) => !after.has(pod)).map((key) => `pod ${key}`);
    const bridge = `bridge ${BRIDGE}`;
    const left = [...after].map((key) => `pod ${key}, which podman did not remove: try again`);
    if (await hasBridge()) return { removed: gone, left: [...left, bridge] };
    return { removed: [...gone, ...(hadBridge ? [bridge] : [])], left };
  } catch (error) {
    return { removed: [], left: [`pods, if there are any: ${messageOf(error)}`] };
  }
}

const podsOf = (containers: readonly RuntimeContainer[]) =>
  new Set(containers.map(({ podKey }) => podKey).sort());

async function hasBridge(): Promise<boolean> {
  const links = await listIp<{ ifname: string }>(systemCommands, 'link', 'show');
  return links.some(({ ifname }) => ifname === BRIDGE);
}

async function removeFolders(dataDir: string): Promise<void> {
  const memory = await ownMemoryDirectory(dataDir);
  for (const path of [join(dataDir, 'volumes'), ...(memory ? [memory] : []), RUN_DIR])
    await removeFolder(path);
}

function leftToPeople({ dataDir, nodeName }: UninstallOptions): string[] {
  return [
    `kept    ${dataDir}: identity, logs and local volumes of pods; remove it by hand`,
    "kept    images, which are podman's",
    `left    the Node, if the cluster is to forget this board: edgectl delete node ${nodeName}`,
  ];
}
