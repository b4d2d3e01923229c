// What a pod's resolv.conf says. Pure. https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
import type { Pod } from '../../api/objects.ts';
import type { SandboxConfig } from '../runtime/runtime.ts';

export interface Resolver {
  servers: string[];
  searches: string[];
  options: string[];
}

export interface DnsInput {
  /** The cluster's DNS; `undefined` while there is none: pods then use the board's. */
  clusterDns: string | undefined;
  clusterDomain: string;
  /** The board's own resolv.conf. */
  host: Resolver;
}

const MAX_SERVERS = 3;

/** `undefined` = the board's own, as it is. */
export function podDns(pod: Pod, input: DnsInput): SandboxConfig['dns'] {
  const base = baseOf(pod, input);
  const config = pod.spec.dnsConfig;
  if (!config) return base;
  const from = base ?? input.host;
  const options = (config.options ?? []).map((o) =>
    o.value === undefined ? `${o.name}` : `${o.name}:${o.value}`,
  );
  const overridden = new Set((config.options ?? []).map((o) => o.name));
  const kept = from.options.filter((o) => !overridden.has(o.split(':')[0]));
  return {
    servers: [...new Set([...from.servers, ...(config.nameservers ?? [])])].slice(0, MAX_SERVERS),
    searches: [...new Set([...from.searches, ...(config.searches ?? [])])],
    options: [...kept, ...options],
  };
}

function baseOf(pod: Pod, { clusterDns, clusterDomain, host }: DnsInput): SandboxConfig['dns'] {
  const policy = pod.spec.dnsPolicy ?? 'ClusterFirst';
  if (policy === 'None') return { servers: [], searches: [], options: [] };
  const isHostUser = pod.spec.hostNetwork === true && policy === 'ClusterFirst';
  if (policy === 'Default' || isHostUser || !clusterDns) return undefined;
  const namespace = pod.metadata.namespace ?? 'default';
  const searches = [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  return { servers: [clusterDns], searches: [...searches, ...host.searches], options: ['ndots:5'] };
}

/** Reads a resolv.conf. */
export function parseResolvConf(text: string): Resolver {
  const resolver: Resolver = { servers: [], searches: [], options: [] };
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && values[0]) resolver.servers.push(values[0]);
    else if (keyword === 'search') resolver.searches = values.filter((v) => v !== '.');
    else if (keyword === 'options') resolver.options.push(...values);
  }
  return resolver;
}
