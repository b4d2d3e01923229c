// The chains by which packets come to the rules of Services, and leave them: the same whichever Services there are.
// Pure; service-rules.ts says what the names mean.
import { isInRange } from '../base/ip.ts';
import type { RulePlace } from './rule-family.ts';

export function hookChains(place: RulePlace): string {
  const { family, podCIDR, podRange, serviceRange, listenAddress } = place;
  const ip = family.name;
  const unled = family.unled.join(', ');
  const asked = `${ip} daddr . meta l4proto . th dport`;
  const astray = `ct state invalid ${ip} saddr ${podRange} drop
    ct state invalid ${ip} saddr . meta l4proto . th sport @endpoints drop`;
  return `  chain fromAnywhere {
    ${asked} vmap @external
    fib daddr type local ${ip} daddr != { ${unled}, ${listenAddress} } meta l4proto . th dport vmap @own
  }
  chain arriving {
    type nat hook prerouting priority -111; policy accept;
    ${ip} saddr ${podCIDR} ${ip} daddr ${serviceRange} ${asked} vmap @addressed
    ${ip} saddr { ${unled} } return
    jump fromAnywhere
  }
  chain fromBoard {
    type nat hook output priority -111; policy accept;
    ${ip} daddr ${serviceRange} ${asked} vmap @addressed
    jump fromAnywhere
  }
  chain sources {
    type nat hook postrouting priority 80; policy accept;
    ct status and dnat == 0 return
    oifname "lo" return
${sourceRules(place)}  }
  chain astray {
    type filter hook forward priority filter; policy accept;
    ${astray}
  }
  chain unserved {
    type filter hook input priority filter; policy accept;
    iifname "lo" return
    ${astray}
    ct state != new return
    ct status and dnat != 0 return
    ${ip} saddr ${podCIDR} return
    ${ip} saddr { ${unled} } return
    ${ip} daddr { ${unled} } return
    meta l4proto tcp meta l4proto . th dport @ports reject with tcp reset
    meta l4proto tcp ${asked} @sockets reject with tcp reset
    meta l4proto udp meta l4proto . th dport @ports reject
    meta l4proto udp ${asked} @sockets reject
  }
`;
}

/** Of IPv6 the address at which sockets listen is one of the pods' range, of IPv4 it is nobody's beyond this board. */
function sourceRules({ family, podCIDR, listenAddress }: RulePlace): string {
  const ip = family.name;
  const isOfPods = isInRange(listenAddress, podCIDR);
  const rules = [
    ...(isOfPods ? [] : [`${ip} saddr ${listenAddress} masquerade`]),
    `${ip} saddr ${podCIDR} ${ip} daddr ${podCIDR} masquerade`,
    `${ip} saddr ${podCIDR} return`,
    `${ip} daddr ${podCIDR} return`,
    `${ip} daddr . meta l4proto . th dport @endpoints ${isOfPods ? `snat to ${listenAddress}` : 'masquerade'}`,
  ];
  return rules.map((rule) => `    ${rule}\n`).join('');
}
