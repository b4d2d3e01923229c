// Flags of the cluster's address ranges, for `edge-master` and `npm start`: by upstream's names, refused in one line
// where they could not work.
// https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/
import { type ClusterNetwork, defaultClusterNetwork } from '../base/cluster-network.ts';
import { overlaps } from '../base/ip.ts';
import { formatIpv4, type Ipv4Range, parseIpv4Range } from '../base/ipv4.ts';
import { type Flags, type FlagValues, numberIn, UsageError } from './flags.ts';
import {
  familiesIn,
  ipv6Network,
  MOST_SHARE_BITS,
  NODE_FLAG as NODE_FLAG_V6,
  POD_FLAG,
  SERVICE_FLAG,
} from './ipv6-ranges.ts';

const NODE_FLAG = 'node-cidr-mask-size';

export const networkFlags: Flags = {
  [POD_FLAG]: {
    value: 'CIDR',
    help: 'the range of pods, for a cluster that is new; with a comma a second one, of IPv6',
    default: defaultClusterNetwork.podRange,
  },
  [SERVICE_FLAG]: {
    value: 'CIDR',
    help: 'the range of Services, for a cluster that is new; with a comma a second one, of IPv6',
    default: defaultClusterNetwork.serviceRange,
  },
  [NODE_FLAG]: {
    value: 'N',
    help: "prefix length of each board's share of the range of pods",
    default: `${defaultClusterNetwork.nodePrefix}`,
  },
  [NODE_FLAG_V6]: {
    value: 'N',
    help: 'the same of the second range of pods',
    default: '64',
  },
};

/** As upstream; the smallest has room for the DNS at its tenth address. */
const SERVICE_PREFIXES = { lowest: 12, highest: 28 };
/** What a board's own addresses can be counted in, and a share of it. */
const POD_PREFIXES = { lowest: 8, highest: 28 };
/** Two addresses for pods at least. */
const HIGHEST_NODE_PREFIX = 29;

const TAKEN: readonly [range: string, what: string][] = [
  ['0.0.0.0/8', 'this network'],
  ['127.0.0.0/8', 'the loopback'],
  ['169.254.0.0/16', 'link-local addresses, where boards listen for Services'],
  ['224.0.0.0/3', 'multicast and reserved addresses'],
];

export function clusterNetwork(values: FlagValues): ClusterNetwork {
  const podRange = range(values, POD_FLAG, POD_PREFIXES);
  const serviceRange = range(values, SERVICE_FLAG, SERVICE_PREFIXES);
  if (overlaps(podRange.cidr, serviceRange.cidr))
    throw new UsageError(`--${POD_FLAG} ${podRange.cidr} and --${SERVICE_FLAG} ${serviceRange.cidr} overlap`);
  const nodePrefix = numberIn(values, NODE_FLAG, {
    lowest: podRange.prefix,
    highest: Math.min(podRange.prefix + MOST_SHARE_BITS, HIGHEST_NODE_PREFIX),
    isWhole: true,
  });
  const ipv6 = ipv6Network(values);
  const ranges = { podRange: podRange.cidr, serviceRange: serviceRange.cidr, nodePrefix };
  return { ...defaultClusterNetwork, ...ranges, ...(ipv6 ? { ipv6 } : {}) };
}

function range(
  values: FlagValues,
  name: string,
  prefixes: { lowest: number; highest: number },
): Ipv4Range & { cidr: string } {
  const [text] = familiesIn(values, name);
  const found = text.includes('/') ? parseIpv4Range(text) : undefined;
  if (!found || found.prefix < prefixes.lowest || found.prefix > prefixes.highest) {
    const sizes = `/${prefixes.lowest} to /${prefixes.highest}`;
    throw new UsageError(
      `--${name} takes an IPv4 range of ${sizes} such as ${networkFlags[name]?.default}, not '${text}'`,
    );
  }
  const cidr = `${formatIpv4(found.first)}/${found.prefix}`;
  const [taken, what] = TAKEN.find(([other]) => overlaps(cidr, other)) ?? [];
  if (taken) throw new UsageError(`--${name} ${cidr} overlaps ${taken}: ${what}`);
  return { ...found, cidr };
}
