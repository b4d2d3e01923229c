// Whether this board's kernel and its nft can forward Services by themselves: asked by having them check rules of every
// kind that would be used, of which none is made.
import type { CommandRunner } from './command-runner.ts';
import type { KernelPort } from './kernel-port.ts';
import { type FamilyName, ipv4Rules, ipv6Rules, type RulePlace } from './rule-family.ts';
import { renderServices } from './service-rules.ts';

interface Sample extends RulePlace {
  serviceIP: string;
  /** Of a pod here, and of one elsewhere. */
  near: string;
  far: string;
  source: string;
}

const SAMPLES: Record<FamilyName, Sample> = {
  ip: {
    family: ipv4Rules,
    podRange: '10.40.0.0/13',
    podCIDR: '10.40.0.0/23',
    serviceRange: '10.48.0.0/16',
    listenAddress: '169.254.48.1',
    serviceIP: '10.48.0.2',
    near: '10.40.0.2',
    far: '10.40.2.2',
    source: '192.0.2.0/24',
  },
  ip6: {
    family: ipv6Rules,
    podRange: 'fd00:10:40::/48',
    podCIDR: 'fd00:10:40:1::/64',
    serviceRange: 'fd00:10:48::/112',
    listenAddress: 'fd00:10:40:1:ec::1',
    serviceIP: 'fd00:10:48::2',
    near: 'fd00:10:40:1::2',
    far: 'fd00:10:40:2::2',
    source: '2001:db8::/32',
  },
};

function portsOf({ family, serviceIP, near, far, source }: Sample): KernelPort[] {
  const endpoints = [near, far].map((ip) => ({ ip, port: 80 }));
  const addressed: KernelPort = {
    ip: serviceIP,
    protocol: 'tcp',
    port: 80,
    isOpen: false,
    isOwn: false,
    backend: 'check/address/tcp/80',
    insiders: 'Cluster',
    outsiders: 'Cluster',
    sourceRanges: [],
    endpoints: { Cluster: endpoints, Local: endpoints.slice(0, 1) },
  };
  const own: KernelPort = {
    ...addressed,
    ip: family.any,
    isOpen: true,
    isOwn: true,
    backend: 'check/port/tcp/80',
    outsiders: 'Local',
    sourceRanges: [source],
    affinityS: 60,
  };
  return [addressed, own];
}

/** What stands in the way, in words; `undefined` = nothing. */
export async function kernelForwardingProblem(
  commands: CommandRunner,
  family: FamilyName,
): Promise<string | undefined> {
  const sample = SAMPLES[family];
  const gone = [{ ip: sample.far, port: 80 }];
  // Under a name that no table has: what an agent left, perhaps of another version, is no obstacle.
  const rules = renderServices(sample, portsOf(sample), gone).text.replaceAll('edge_services', 'edge_check');
  try {
    await commands.run('nft', ['--check', '-f', '-'], rules);
    return undefined;
  } catch (error) {
    const [first = ''] = (error as Error).message.split('\n');
    return first;
  }
}
