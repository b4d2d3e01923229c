// What a Service may say of its addresses and their families, and what of that stays for life.
// https://kubernetes.io/docs/concepts/services-networking/dual-stack/#services
// Source: pkg/apis/core/validation ValidateServiceClusterIPsRelatedFields and validateUpgradeDowngrade…
import { isIP } from 'node:net';
import { duplicate, forbiddenField, invalidValue, notSupported } from '../field-error.ts';
import type { core, Service } from '../objects.ts';
import { isAddress } from '../special-addresses.ts';
import type { FieldError } from '../status-error.ts';

const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const FAMILIES = ['IPv4', 'IPv6'];
const ADDRESSES = 'spec.clusterIPs';
const UNCHANGED = 'may not change once set';

export function validateAddresses({ spec }: Service): FieldError[] {
  if (spec.type === 'ExternalName') return validateNone(spec);
  const forms = [...validateSync(spec), ...validateFamilies(spec), ...validateEach(spec)];
  return forms.length > 0 ? forms : [...validatePair(spec), ...validateMatch(spec)];
}

/** A Service keeps its addresses for life, unless it becomes or was an ExternalName; the second may come and go. */
export function validateAddressUpdate({ spec: next }: Service, { spec: previous }: Service): FieldError[] {
  if (next.type === 'ExternalName' || previous.type === 'ExternalName') return [];
  if (next.clusterIP === 'None' && previous.clusterIP === 'None') return [];
  return [
    ...changed(ADDRESSES, addressesOf(next), addressesOf(previous)),
    ...changed('spec.ipFamilies', next.ipFamilies, previous.ipFamilies),
  ];
}

/** Until the API server has filled it in, the newer field may be absent. */
function addressesOf({ clusterIP, clusterIPs }: core.ServiceSpec): readonly string[] {
  return clusterIPs?.length ? clusterIPs : clusterIP ? [clusterIP] : [];
}

/** What only one of the two says comes or goes; an empty list is yet to be filled in. */
function changed(
  field: string,
  next: readonly string[] = [],
  previous: readonly string[] = [],
): FieldError[] {
  return previous
    .slice(0, next.length)
    .flatMap((value, i) => (value === next[i] ? [] : [invalidValue(`${field}[${i}]`, next, UNCHANGED)]));
}

function validateNone(spec: core.ServiceSpec): FieldError[] {
  const isSet = {
    clusterIPs: addressesOf(spec).length > 0,
    ipFamilies: (spec.ipFamilies?.length ?? 0) > 0,
    ipFamilyPolicy: spec.ipFamilyPolicy !== undefined,
  };
  return Object.entries(isSet).flatMap(([field, is]) =>
    is ? forbiddenField(`spec.${field}`, "may not be set when `type` is 'ExternalName'") : [],
  );
}

/** Clients that know of one address write the one field, all others both. */
function validateSync({ clusterIP, clusterIPs = [] }: core.ServiceSpec): FieldError[] {
  if (!clusterIP) {
    const why = 'must be empty when `clusterIP` is not specified';
    return clusterIPs.length > 0 ? [invalidValue(ADDRESSES, clusterIPs, why)] : [];
  }
  if (clusterIPs.length === 0 || clusterIPs[0] === clusterIP) return [];
  return [invalidValue(ADDRESSES, clusterIPs, 'first value must match `clusterIP`')];
}

function validateFamilies({ ipFamilyPolicy: policy, ipFamilies = [] }: core.ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (policy && !POLICIES.includes(policy))
    errors.push(notSupported('spec.ipFamilyPolicy', policy, POLICIES));
  ipFamilies.forEach((family, i) => {
    const field = `spec.ipFamilies[${i}]`;
    if (!FAMILIES.includes(family)) errors.push(notSupported(field, family, FAMILIES));
    else if (ipFamilies.indexOf(family) < i) errors.push(duplicate(field, family));
  });
  return errors;
}

function validateEach(spec: core.ServiceSpec): FieldError[] {
  const clusterIPs = addressesOf(spec);
  const errors = clusterIPs.flatMap((address, i) => {
    if (i === 0 && address === 'None') return validateHeadless(spec.type, clusterIPs);
    if (isAddress(address)) return [];
    const why = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
    return [invalidValue(`${ADDRESSES}[${i}]`, address, why)];
  });
  if (clusterIPs.length > 2) errors.push(invalidValue(ADDRESSES, clusterIPs, 'may only hold up to 2 values'));
  return errors;
}

function validateHeadless(type: string | undefined, clusterIPs: readonly string[]): FieldError[] {
  if (clusterIPs.length > 1)
    return [invalidValue(ADDRESSES, clusterIPs, "'None' must be the first and only value")];
  if (type === 'ClusterIP') return [];
  return [invalidValue(`${ADDRESSES}[0]`, 'None', `may not be set to 'None' for ${type} services`)];
}

function validatePair(spec: core.ServiceSpec): FieldError[] {
  const clusterIPs = addressesOf(spec);
  const [first = '', second] = clusterIPs;
  if (second === undefined || isIP(first) !== isIP(second)) return [];
  return [invalidValue(ADDRESSES, clusterIPs, 'may specify no more than one IP for each IP family')];
}

function validateMatch(spec: core.ServiceSpec): FieldError[] {
  const { clusterIP, ipFamilies = [] } = spec;
  if (clusterIP === 'None') return [];
  return addressesOf(spec).flatMap((address, i) => {
    const family = ipFamilies[i];
    if (!family || family === `IPv${isIP(address)}`) return [];
    const why = `expected an ${family} value as indicated by \`ipFamilies[${i}]\``;
    return [invalidValue(`${ADDRESSES}[${i}]`, address, why)];
  });
}
