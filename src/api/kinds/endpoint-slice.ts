// EndpointSlice: names, columns, defaults and rules.
// https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
import { isIPv4, isIPv6 } from 'node:net';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { hintsOf } from '../endpoint-hints.ts';
import { duplicate, immutable, invalidEach, invalidValue, notSupported, required } from '../field-error.ts';
import { labelNameProblems, labelValueProblems, portNumberProblems, subdomainProblems } from '../names.ts';
import type { discovery, EndpointSlice } from '../objects.ts';
import { oneOf, PROTOCOLS } from '../pod-spec/validate-container.ts';
import type { Column, KindDefinition } from '../scheme.ts';
import { isAddress, specialAddressProblem } from '../special-addresses.ts';
import type { FieldError } from '../status-error.ts';
import type { Writable } from '../writable.ts';

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];
const MAX_ADDRESSES = 100;
const MAX_ENDPOINTS = 1000;
const MAX_PORTS = 100;
const MAX_HINTS = 8;
/** As upstream: what does not fit into a cell is counted. */
const SHOWN = 3;

function someOf(values: readonly string[]): string {
  if (values.length === 0) return '<unset>';
  const shown = values.slice(0, SHOWN).join(',');
  return values.length > SHOWN ? `${shown} + ${values.length - SHOWN} more...` : shown;
}

const columns: readonly Column<EndpointSlice>[] = [
  nameColumn,
  column('AddressType', 'What its addresses are.', ({ addressType }) => addressType ?? ''),
  column('Ports', 'Ports that the addresses listen on.', ({ ports }) =>
    someOf((ports ?? []).map(({ port, name }) => (port === undefined ? (name ?? '*') : String(port)))),
  ),
  column('Endpoints', 'Addresses that connections may go to.', ({ endpoints }) =>
    someOf((endpoints ?? []).flatMap(({ addresses }) => addresses ?? [])),
  ),
  ageColumn,
];

function setDefaults(slice: Writable<EndpointSlice>): void {
  slice.endpoints ??= [];
  for (const port of (slice.ports ?? []) as Writable<discovery.EndpointPort>[]) {
    port.name ??= '';
    port.protocol ??= 'TCP';
  }
}

function addressErrors(type: string, address: string, field: string): FieldError[] {
  if (type === 'FQDN') return invalidEach(field, address, subdomainProblems(address));
  if (type === 'IPv4' && !isIPv4(address)) return [invalidValue(field, address, 'must be an IPv4 address')];
  if (type === 'IPv6' && !(isIPv6(address) && isAddress(address)))
    return [invalidValue(field, address, 'must be an IPv6 address')];
  const problem = specialAddressProblem(address);
  return problem ? [invalidValue(field, address, problem)] : [];
}

function endpointErrors(type: string, endpoint: discovery.Endpoint, field: string): FieldError[] {
  const { addresses = [], hostname, nodeName } = endpoint;
  const { forZones, forNodes } = hintsOf(endpoint);
  const errors: FieldError[] = [];
  if (addresses.length === 0) errors.push(required(`${field}.addresses`, 'must contain at least 1 address'));
  if (addresses.length > MAX_ADDRESSES)
    errors.push(tooMany(`${field}.addresses`, addresses.length, MAX_ADDRESSES));
  addresses.forEach((address, i) => {
    errors.push(...addressErrors(type, address, `${field}.addresses[${i}]`));
  });
  if (hostname) errors.push(...invalidEach(`${field}.hostname`, hostname, labelNameProblems(hostname)));
  if (nodeName) errors.push(...invalidEach(`${field}.nodeName`, nodeName, subdomainProblems(nodeName)));
  return [
    ...errors,
    ...hintErrors(forZones, labelValueProblems, `${field}.hints.forZones`),
    ...hintErrors(forNodes, subdomainProblems, `${field}.hints.forNodes`),
  ];
}

function hintErrors(
  hints: readonly discovery.ForZone[],
  problems: (name: string) => string[],
  field: string,
): FieldError[] {
  if (hints.length > MAX_HINTS) return [tooMany(field, hints.length, MAX_HINTS)];
  const seen = new Set<string>();
  return hints.flatMap(({ name = '' }, i) => {
    const isRepeated = seen.has(name);
    seen.add(name);
    const at = `${field}[${i}].name`;
    return [...(isRepeated ? [duplicate(at, name)] : []), ...invalidEach(at, name, problems(name))];
  });
}

function portErrors(ports: readonly discovery.EndpointPort[]): FieldError[] {
  const seen = new Set<string>();
  return ports.flatMap(({ name = '', port, protocol }, i) => {
    const field = `ports[${i}]`;
    const errors = name ? invalidEach(`${field}.name`, name, labelNameProblems(name)) : [];
    if (seen.has(name)) errors.push(duplicate(`${field}.name`, name));
    seen.add(name);
    if (port !== undefined) errors.push(...invalidEach(`${field}.port`, port, portNumberProblems(port)));
    return [...errors, ...oneOf(protocol, PROTOCOLS, `${field}.protocol`)];
  });
}

const tooMany = (field: string, count: number, max: number): FieldError => ({
  reason: 'FieldValueTooLong',
  field,
  message: `Too many: ${count}: must have at most ${max} items`,
});

function validate({ addressType, endpoints, ports }: EndpointSlice): FieldError[] {
  const errors: FieldError[] = [];
  if (!addressType) errors.push(required('addressType'));
  else if (!ADDRESS_TYPES.includes(addressType))
    errors.push(notSupported('addressType', addressType, ADDRESS_TYPES));
  const all = endpoints ?? [];
  if (all.length > MAX_ENDPOINTS) return [...errors, tooMany('endpoints', all.length, MAX_ENDPOINTS)];
  if ((ports?.length ?? 0) > MAX_PORTS) errors.push(tooMany('ports', ports!.length, MAX_PORTS));
  all.forEach((endpoint, i) => {
    errors.push(...endpointErrors(addressType, endpoint, `endpoints[${i}]`));
  });
  return [...errors, ...portErrors(ports ?? [])];
}

export const endpointSlices: KindDefinition<EndpointSlice> = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  singular: 'endpointslice',
  shortNames: [],
  categories: [],
  namespaced: true,
  columns,
  hasStatus: false,
  setDefaults,
  validate,
  validateUpdate: (next, previous) =>
    next.addressType === previous.addressType ? [] : [immutable('addressType', next.addressType)],
};
