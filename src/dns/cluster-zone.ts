// The names of the cluster as records: a pure reading of the Services that the master has told of.
// https://github.com/kubernetes/dns/blob/master/docs/specification.md
import { isIP } from 'node:net';
import type { Answer } from 'dns-packet';
import type { BoardService } from '../api/board-service.ts';
import { reverseAddress, reverseNames } from './reverse-names.ts';
import { addressesOf } from './service-endpoints.ts';
import { serviceRecords } from './srv-records.ts';

export interface ZoneOptions {
  /** Such as `cluster.local`. */
  domain: string;
  /** Reverse names of these are ours to answer: the ranges of pods and Services. */
  ownsAddress(ip: string): boolean;
}

export interface ZoneAnswer {
  rcode: 'NOERROR' | 'NXDOMAIN';
  answers: Answer[];
  additionals: Answer[];
  /** The answers end in a CNAME that leads out of the zone. */
  alias?: string;
}

/** As CoreDNS: short enough that a Service that moves is found, long enough to spare a busy resolver. */
export const TTL_SECONDS = 5;
/** Of the specification above, at `dns-version.<domain>`. */
const SPECIFICATION_VERSION = '1.1.0';

const MAX_LABEL = 63;
const NOTHING: ZoneAnswer = { rcode: 'NXDOMAIN', answers: [], additionals: [] };
const empty = (): ZoneAnswer => ({ rcode: 'NOERROR', answers: [], additionals: [] });

export class ClusterZone {
  readonly #options: ZoneOptions;
  #services: ReadonlyMap<string, BoardService> | undefined;
  #namespaces = new Set<string>();
  /** Made when the first reverse name is asked for after a change. */
  #names: Map<string, string> | undefined;
  #turn = 0;
  #version = 0;

  constructor(options: ZoneOptions) {
    this.#options = options;
  }

  /** False until the master, or the board's own memory, has told of the Services. */
  get isKnown(): boolean {
    return this.#services !== undefined;
  }

  /** Another one whenever names may have changed. */
  get version(): number {
    return this.#version;
  }

  /** The complete set, by `namespace/name`. */
  update(services: ReadonlyMap<string, BoardService>): void {
    this.#version++;
    this.#services = services;
    this.#namespaces = new Set([...services.keys()].map((key) => key.slice(0, key.indexOf('/'))));
    this.#names = undefined;
  }

  /** Whether `name` is ours to answer; what is not is forwarded. */
  owns(name: string): boolean {
    if (isWithin(name, this.#options.domain)) return true;
    const ip = reverseAddress(name);
    return ip !== undefined && this.#options.ownsAddress(ip);
  }

  /** `name` in lower case, without the final dot, and owned; `type` such as `A`. */
  lookup(name: string, type: string): ZoneAnswer {
    const ip = reverseAddress(name);
    if (ip !== undefined) return this.#reverse(name, ip, type);
    const { domain } = this.#options;
    const labels = name === domain ? [] : name.slice(0, -domain.length - 1).split('.');
    const area = labels.at(-1);
    if (area === 'svc') return this.#service(name, labels.slice(0, -1), type);
    if (area === 'pod') return this.#pod(name, labels.slice(0, -1), type);
    if (labels.length === 0)
      return type === 'SOA' ? { ...empty(), answers: [startOfAuthority(domain)] } : empty();
    if (name !== `dns-version.${domain}`) return NOTHING;
    if (type !== 'TXT') return empty();
    return { ...empty(), answers: [{ type: 'TXT', name, ttl: TTL_SECONDS, data: SPECIFICATION_VERSION }] };
  }

  #service(name: string, labels: string[], type: string): ZoneAnswer {
    const namespace = labels.at(-1);
    if (namespace === undefined) return empty();
    const serviceName = labels.at(-2);
    if (serviceName === undefined) return this.#namespaces.has(namespace) ? empty() : NOTHING;
    const service = this.#services?.get(`${namespace}/${serviceName}`);
    if (!service) return NOTHING;
    const fullName = `${serviceName}.${namespace}.svc.${this.#options.domain}`;
    const rest = labels.slice(0, -2);
    if (service.spec.type === 'ExternalName') return rest.length > 0 ? NOTHING : external(name, service);
    if (rest.at(-1)?.startsWith('_')) return this.#ports(name, rest, { service, fullName }, type);
    if (rest.length > 1) return NOTHING;
    const ports = type === 'SRV' && rest.length === 0;
    const found = ports ? this.#ports(name, [], { service, fullName }, type) : NOTHING;
    // A name that has addresses is there, also without a port.
    return found.rcode === 'NOERROR' ? found : this.#addresses(name, addressesOf(service, rest[0]), type);
  }

  #ports(
    name: string,
    labels: string[],
    { service, fullName }: { service: BoardService; fullName: string },
    type: string,
  ): ZoneAnswer {
    if (labels.length > 2) return NOTHING;
    const protocol = labels.at(-1)?.slice(1);
    const port = labels.length === 2 ? labels[0]?.replace(/^_/, '') : undefined;
    const records = serviceRecords({ service, fullName, name, port, protocol, ttl: TTL_SECONDS });
    if (records.answers.length === 0) return NOTHING;
    const isAsked = type === 'SRV' && labels.length !== 1;
    return isAsked ? { rcode: 'NOERROR', ...records } : empty();
  }

  /** `a-b-c-d.namespace.pod.domain` is the address that it spells. */
  #pod(name: string, labels: string[], type: string): ZoneAnswer {
    const [dashed, namespace] = labels;
    if (dashed === undefined || namespace === undefined) return empty();
    const ip = isIP(dashed.replaceAll('-', '.')) ? dashed.replaceAll('-', '.') : dashed.replaceAll('-', ':');
    return labels.length === 2 && isIP(ip) ? this.#addresses(name, [ip], type) : NOTHING;
  }

  /** Begins with another address each time, because most clients take the first. */
  #addresses(name: string, ips: readonly string[], type: string): ZoneAnswer {
    if (ips.length === 0) return NOTHING;
    const fitting = ips.filter((ip) => (isIP(ip) === 6 ? 'AAAA' : 'A') === type);
    const first = fitting.length > 0 ? this.#turn++ % fitting.length : 0;
    const turned = [...fitting.slice(first), ...fitting.slice(0, first)];
    const answers = turned.map(
      (data): Answer => ({ type: type as 'A' | 'AAAA', name, ttl: TTL_SECONDS, data }),
    );
    return { ...empty(), answers };
  }

  #reverse(name: string, ip: string, type: string): ZoneAnswer {
    this.#names ??= reverseNames(this.#services ?? new Map(), this.#options.domain);
    const data = this.#names.get(ip);
    if (data === undefined) return NOTHING;
    return type === 'PTR' ? { ...empty(), answers: [{ type, name, ttl: TTL_SECONDS, data }] } : empty();
  }
}

function external(name: string, { spec }: BoardService): ZoneAnswer {
  const alias = (spec.externalName ?? '').replace(/\.$/, '').toLowerCase();
  // The API takes labels of any length, a message of DNS does not.
  if (!alias || alias.split('.').some((label) => label.length > MAX_LABEL)) return NOTHING;
  // An address there is a name like any other: DNS has no other way to say it.
  return { ...empty(), answers: [{ type: 'CNAME', name, ttl: TTL_SECONDS, data: alias }], alias };
}

const isWithin = (name: string, domain: string) => name === domain || name.endsWith(`.${domain}`);

/** Of the zone: it tells how long it may be remembered that a name or a record is not there (RFC 2308, 4). */
export function startOfAuthority(domain: string): Answer {
  return {
    type: 'SOA',
    name: domain,
    ttl: TTL_SECONDS,
    data: {
      mname: `ns.dns.${domain}`,
      rname: `hostmaster.${domain}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: TTL_SECONDS,
    },
  };
}
