// Ports of Services on the board, and addresses that the LAN uses, behind which nobody serves now: a client hears so at
// once, as of a port on which nothing listens, and a load balancer outside that tries to connect sends no one here.
// Pure. https://kubernetes.io/docs/reference/networking/virtual-ips/#external-traffic-policy
import { EVERY_ADDRESS } from '../base/ip.ts';
import type { DesiredNetwork, VirtualPort } from './board-network.ts';
import { elements } from './nft-elements.ts';
import { isOfFamily, type RulePlace } from './rule-family.ts';

const BY_PORT = 'inet_proto . inet_service';

/** Sets and chains for our first table, which has a chain `stray`; empty where no port is closed. */
export function closedPorts(place: RulePlace, desired: DesiredNetwork): string {
  const { name, addressType } = place.family;
  const closed = closedOf(place, desired);
  if (closed.length === 0) return '';
  const set = (title: string, type: string, members: readonly string[]) =>
    `  set ${title} {\n    type ${type}\n${elements(members)}  }\n`;
  const sets = (['everybody', 'outsiders'] as const).map((who) => {
    const of = closed.filter(({ refuses }) => refuses === who);
    const everywhere = of.filter((port) => isEverywhere(place, port));
    const somewhere = of.filter((port) => !isEverywhere(place, port));
    return (
      set(`${who}Shut`, BY_PORT, everywhere.map(gate)) +
      set(
        `${who}ShutAt`,
        `${addressType} . ${BY_PORT}`,
        somewhere.map((port) => `${port.ip} . ${gate(port)}`),
      )
    );
  });
  return sets.join('') + chains(place, name);
}

type Way = Pick<VirtualPort, 'ip' | 'protocol' | 'port'>;

/** Of TCP one way stands for both families. */
const isEverywhere = ({ family }: RulePlace, { ip, protocol }: Way): boolean =>
  ip === family.any || (ip === EVERY_ADDRESS && protocol === 'tcp');

/** Those that the kernel forwards by itself have rules of their own, and in each family endpoints of its own. */
function closedOf(place: RulePlace, { virtualPorts, kernelPorts = [] }: DesiredNetwork): VirtualPort[] {
  const own = virtualPorts.filter((way) => isEverywhere(place, way) || isOfFamily(way.ip, place.family));
  const id = (way: Way) => `${isEverywhere(place, way) ? '*' : way.ip} ${gate(way)}`;
  const ofKernel = new Set(kernelPorts.filter(({ ip }) => isOfFamily(ip, place.family)).map(id));
  return own.filter((way) => way.refuses && !ofKernel.has(id(way)));
}

/** Before destinations are changed: who has come to a listener cannot be told from others any more. */
function chains({ podRange, listenAddress }: RulePlace, ip: string): string {
  const refusing = (who: string) =>
    `    fib daddr type local ${ip} daddr != ${listenAddress} meta l4proto . th dport @${who}Shut jump stray
    ${ip} daddr . meta l4proto . th dport @${who}ShutAt jump stray
`;
  return `  chain shut {
    ct state != { new, untracked } return
${refusing('everybody')}    ${ip} saddr ${podRange} return
    fib saddr type local return
${refusing('outsiders')}  }
  chain shutArriving {
    type filter hook prerouting priority -120; policy accept;
    jump shut
  }
  chain shutFromBoard {
    type filter hook output priority -120; policy accept;
    jump shut
  }
`;
}

const gate = ({ protocol, port }: Way) => `${protocol} . ${port}`;
