// Which protocols of Services this board's kernel forwards by itself: what was asked for, as far as it can.
import type { AgentLink } from '../../mqtt/agent-link.ts';
import { systemCommands } from '../../network/command-runner.ts';
import type { KernelProtocol } from '../../proxy/kernel-ports.ts';
import type { AgentOptions } from './agent-options.ts';

interface Asked extends Pick<AgentOptions, 'proxy' | 'logger'> {
  link: Pick<AgentLink, 'boardEvent'>;
}

/** `undefined` = none. Where the kernel cannot what was asked for, the board says so and forwards as by default. */
export async function kernelProtocols(asked: Asked): Promise<readonly KernelProtocol[] | undefined> {
  const { proxy, link, logger } = asked;
  if (proxy?.mode !== 'nftables') return undefined;
  const { kernelForwardingProblem } = await import('../../network/kernel-forwarding.ts');
  const problem = await kernelForwardingProblem(systemCommands);
  if (problem === undefined) return withUdp(asked);
  const message = `Services are relayed in user space, not by nftables: ${problem}`;
  logger.warn({}, message);
  link.boardEvent({ type: 'Warning', reason: 'ProxyModeFallback', message });
  return undefined;
}

/** UDP too where the kernel can be made to forget clients of an endpoint that is gone. */
async function withUdp({ logger }: Asked): Promise<readonly KernelProtocol[]> {
  const { canForgetTracks } = await import('../../network/udp-tracks.ts');
  if (await canForgetTracks(systemCommands)) return ['tcp', 'udp'];
  const mend = 'install the package conntrack and restart the agent to have the kernel forward it';
  logger.info({}, `UDP is relayed in user space: ${mend}`);
  return ['tcp'];
}
