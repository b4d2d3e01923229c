// Endpoints: names, columns, defaults and rules.
import { isIPv6 } from 'node:net';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { invalidEach, invalidValue, required } from '../field-error.ts';
import { labelNameProblems, portNumberProblems, subdomainProblems } from '../names.ts';
import type { core, Endpoints } from '../objects.ts';
import { oneOf, PROTOCOLS } from '../pod-spec/validate-container.ts';
import type { KindDefinition } from '../scheme.ts';
import { isAddress, specialAddressProblem } from '../special-addresses.ts';
import type { FieldError } from '../status-error.ts';

/** How many addresses fit in a table cell. */
const SHOWN = 3;

const withPort = (ip: string, port: number) => (isIPv6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`);

function addressTexts(subset: core.EndpointSubset): string[] {
  const addresses = (subset.addresses ?? []).map((address) => address.ip);
  if (!subset.ports?.length) return addresses;
  return subset.ports.flatMap(({ port }) => addresses.map((ip) => withPort(ip, port)));
}

/** `10.40.0.5:80,10.40.0.6:80,10.40.0.7:80 + 2 more...`, or `<none>`. */
export function endpointsText(subsets: readonly core.EndpointSubset[] | undefined): string {
  const all = (subsets ?? []).flatMap(addressTexts);
  if (all.length === 0) return '<none>';
  const shown = all.slice(0, SHOWN).join(',');
  return all.length > SHOWN ? `${shown} + ${all.length - SHOWN} more...` : shown;
}

const addressRule = (ip: string): string | undefined =>
  isAddress(ip) ? specialAddressProblem(ip) : 'must be a valid IP address';

function validateAddress(address: core.EndpointAddress, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const problem = addressRule(address.ip ?? '');
  if (problem) errors.push(invalidValue(`${field}.ip`, address.ip, problem));
  const { hostname, nodeName } = address;
  if (hostname) errors.push(...invalidEach(`${field}.hostname`, hostname, labelNameProblems(hostname)));
  if (nodeName) errors.push(...invalidEach(`${field}.nodeName`, nodeName, subdomainProblems(nodeName)));
  return errors;
}

function validatePort(port: core.EndpointPort, manyPorts: boolean, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (port.name) errors.push(...invalidEach(`${field}.name`, port.name, labelNameProblems(port.name)));
  else if (manyPorts) errors.push(required(`${field}.name`));
  errors.push(...invalidEach(`${field}.port`, port.port, portNumberProblems(port.port)));
  return [...errors, ...oneOf(port.protocol, PROTOCOLS, `${field}.protocol`)];
}

function validateSubset(subset: core.EndpointSubset, field: string): FieldError[] {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  const errors: FieldError[] = [];
  if (addresses.length + notReadyAddresses.length === 0) {
    errors.push(required(field, 'must specify `addresses` or `notReadyAddresses`'));
  }
  addresses.forEach((a, i) => {
    errors.push(...validateAddress(a, `${field}.addresses[${i}]`));
  });
  notReadyAddresses.forEach((a, i) => {
    errors.push(...validateAddress(a, `${field}.notReadyAddresses[${i}]`));
  });
  ports.forEach((port, i) => {
    errors.push(...validatePort(port, ports.length > 1, `${field}.ports[${i}]`));
  });
  return errors;
}

export const endpoints: KindDefinition<Endpoints> = {
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  categories: [],
  namespaced: true,
  columns: [
    nameColumn,
    column('Endpoints', 'Addresses and ports that connections may go to.', (e) => endpointsText(e.subsets)),
    ageColumn,
  ],
  hasStatus: false,
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  setDefaults(object) {
    for (const subset of object.subsets ?? []) {
      for (const port of subset.ports ?? []) port.protocol ||= 'TCP';
    }
  },
  validate: (object) =>
    (object.subsets ?? []).flatMap((subset, i) => validateSubset(subset, `subsets[${i}]`)),
};
