// Whether this board's kernel and its nft can forward Services by themselves: asked by having them check rules of every
// kind that would be used, of which none is made.
import { EVERY_ADDRESS } from './board-network.ts';
import type { CommandRunner } from './command-runner.ts';
import type { KernelPort } from './kernel-port.ts';
import { renderServices } from './service-rules.ts';

const RANGES = { podRange: '10.40.0.0/13', podCIDR: '10.40.0.0/23', serviceRange: '10.48.0.0/16' };
const ENDPOINTS = [
  { ip: '10.40.0.2', port: 80 },
  { ip: '10.40.2.2', port: 80 },
];
const ADDRESSED: KernelPort = {
  ip: '10.48.0.2',
  protocol: 'tcp',
  port: 80,
  isOpen: false,
  isOwn: false,
  backend: 'check/address/tcp/80',
  insiders: 'Cluster',
  outsiders: 'Cluster',
  sourceRanges: [],
  endpoints: { Cluster: ENDPOINTS, Local: ENDPOINTS.slice(0, 1) },
};
const OWN: KernelPort = {
  ...ADDRESSED,
  ip: EVERY_ADDRESS,
  isOpen: true,
  isOwn: true,
  backend: 'check/port/tcp/80',
  outsiders: 'Local',
  sourceRanges: ['192.0.2.0/24'],
  affinityS: 60,
};

/** What stands in the way, in words; `undefined` = nothing. */
export async function kernelForwardingProblem(commands: CommandRunner): Promise<string | undefined> {
  // Under a name that no table has: what an agent left, perhaps of another version, is no obstacle.
  const rules = renderServices(RANGES, [ADDRESSED, OWN], ENDPOINTS).text.replaceAll(
    'edge_services',
    'edge_check',
  );
  try {
    await commands.run('nft', ['--check', '-f', '-'], rules);
    return undefined;
  } catch (error) {
    const [first = ''] = (error as Error).message.split('\n');
    return first;
  }
}
