// podman's network program leaves its empty chains, and so the tables that hold them, when the last container is
// gone. On a machine that only tried the cluster out they go too, but only where nobody else has a rule. Pure.

/** An entry of `nft --json list table FAMILY NAME`. */
export interface NftEntry {
  chain?: { name: string };
  rule?: { chain: string; expr?: readonly unknown[] };
}

/** True when the table holds nothing but netavark's own chains and the jumps to them, and no network of its lives. */
export function holdsOnlyLeftovers(entries: readonly NftEntry[]): boolean {
  const chains = entries.flatMap(({ chain }) => (chain ? [chain.name] : []));
  const rules = entries.flatMap(({ rule }) => (rule ? [rule] : []));
  const ours = chains.filter(isNetavarks);
  const foreign = chains.filter((name) => !isNetavarks(name) && !isBuiltIn(name));
  const strangers = rules.filter((rule) => !isNetavarks(rule.chain) && !jumpsToNetavark(rule.expr));
  const living = ours.some((name) => /^NETAVARK-[0-9A-F]{8,}$/.test(name));
  const forwarding = rules.some((rule) => rule.chain === 'NETAVARK_FORWARD');
  return foreign.length === 0 && strangers.length === 0 && !living && !forwarding;
}

/** As above for netavark's own table `inet netavark` (its nftables driver, 1.10 on): a living network has chains in it. */
export function hasNoNetwork(entries: readonly NftEntry[]): boolean {
  return entries.every(({ chain }) => !chain || isNetavarks(chain.name) || isBuiltIn(chain.name));
}

const isNetavarks = (chain: string) => chain.startsWith('NETAVARK');
const isBuiltIn = (chain: string) => /^(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)$/.test(chain);
const jumpsToNetavark = (expr: readonly unknown[] = []) =>
  JSON.stringify(expr).includes('"target":"NETAVARK');
