// Which families of addresses a Service is to have: what its writer said, what it had, what the cluster can. Pure but
// for the spec that it completes. https://kubernetes.io/docs/concepts/services-networking/dual-stack/#services
// Source: pkg/registry/core/service/storage/alloc.go initIPFamilyFields
import { isDeepStrictEqual } from 'node:util';
import { invalidValue } from '../../api/field-error.ts';
import type { core } from '../../api/objects.ts';
import type { FieldError } from '../../api/status-error.ts';
import { familyOf, type IpFamily } from '../../base/ip.ts';

const POLICY = 'spec.ipFamilyPolicy';

/**
 * Fills in `ipFamilyPolicy` and `ipFamilies`, and shortens them and `clusterIPs` where one family is enough from now on.
 * `former` is absent at creation, and where the Service had no addresses. Returns why it cannot be, in upstream's words.
 */
export function settleFamilies(
  spec: core.ServiceSpec,
  former: core.ServiceSpec | undefined,
  configured: ReadonlySet<IpFamily>,
): FieldError[] {
  if (former && stillPrefersAsBefore(spec, former)) return [];
  spec.ipFamilyPolicy ??= former?.ipFamilyPolicy ?? (isBare(spec) ? 'RequireDualStack' : 'SingleStack');
  if (former && spec.ipFamilyPolicy === 'SingleStack') shorten(spec, former);
  const errors = [
    ...(former ? reduced(spec, former) : []),
    ...tooMany(spec),
    ...inferFamilies(spec, configured),
  ];
  if (errors.length > 0) return errors;
  if (!isBare(spec)) {
    const refusals = notConfigured(spec, configured);
    if (refusals.length > 0) return refusals;
  }
  addFamilies(spec, isBare(spec) ? new Set(['IPv4', 'IPv6']) : configured);
  return [];
}

/** It has no address of its own and nobody to have one for it, so it may speak of families that the cluster has not. */
const isBare = ({ clusterIP, selector }: core.ServiceSpec): boolean =>
  clusterIP === 'None' && Object.keys(selector ?? {}).length === 0;

/** A cluster that gets or loses its second family changes no Service that is content with either. */
function stillPrefersAsBefore(spec: core.ServiceSpec, former: core.ServiceSpec): boolean {
  const prefers = (policy: string | undefined) => policy === 'PreferDualStack';
  const isSame = sameAddresses(spec, former) && sameFamilies(spec, former);
  return prefers(spec.ipFamilyPolicy) && prefers(former.ipFamilyPolicy) && isSame;
}

const sameAddresses = (a: core.ServiceSpec, b: core.ServiceSpec) =>
  isDeepStrictEqual(a.clusterIPs ?? [], b.clusterIPs ?? []);
const sameFamilies = (a: core.ServiceSpec, b: core.ServiceSpec) =>
  isDeepStrictEqual(a.ipFamilies ?? [], b.ipFamilies ?? []);

/** Who only says `SingleStack` means that the second goes. */
function shorten(spec: core.ServiceSpec, former: core.ServiceSpec): void {
  if (sameAddresses(spec, former)) spec.clusterIPs = spec.clusterIPs?.slice(0, 1);
  if (sameFamilies(spec, former)) spec.ipFamilies = spec.ipFamilies?.slice(0, 1);
}

function reduced(spec: core.ServiceSpec, former: core.ServiceSpec): FieldError[] {
  const { ipFamilyPolicy: policy = null } = spec;
  if (policy === 'SingleStack') return [];
  const isShorter = (now: readonly unknown[] = [], before: readonly unknown[] = []) =>
    now.length > 0 && now.length < before.length;
  const errors: FieldError[] = [];
  if (isShorter(spec.clusterIPs, former.clusterIPs))
    errors.push(invalidValue(POLICY, policy, "must be 'SingleStack' to release the secondary cluster IP"));
  if (isShorter(spec.ipFamilies, former.ipFamilies))
    errors.push(invalidValue(POLICY, policy, "must be 'SingleStack' to release the secondary IP family"));
  return errors;
}

function tooMany({ ipFamilyPolicy: policy, clusterIPs, ipFamilies }: core.ServiceSpec): FieldError[] {
  if (policy !== 'SingleStack') return [];
  const problem = (what: string) =>
    invalidValue(
      POLICY,
      policy,
      `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
    );
  return [
    ...(clusterIPs?.length === 2 ? [problem('cluster IPs')] : []),
    ...(ipFamilies?.length === 2 ? [problem('IP families')] : []),
  ];
}

/** Those of addresses that were asked for. */
function inferFamilies(spec: core.ServiceSpec, configured: ReadonlySet<IpFamily>): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, address] of (spec.clusterIPs ?? []).entries()) {
    const family = familyOf(address);
    if (!family || i < (spec.ipFamilies?.length ?? 0)) continue;
    if (configured.has(family)) spec.ipFamilies = [...(spec.ipFamilies ?? []), family];
    else {
      const why = `${family} is not configured on this cluster`;
      errors.push(invalidValue(`spec.clusterIPs[${i}]`, spec.clusterIPs, why));
    }
  }
  return errors;
}

function notConfigured(
  { ipFamilyPolicy: policy, ipFamilies = [] }: core.ServiceSpec,
  configured: ReadonlySet<IpFamily>,
): FieldError[] {
  const errors: FieldError[] = [];
  if (policy === 'RequireDualStack' && configured.size < 2)
    errors.push(invalidValue(POLICY, policy, 'this cluster is not configured for dual-stack services'));
  ipFamilies.forEach((family, i) => {
    if (configured.has(family as IpFamily)) return;
    errors.push(invalidValue(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'));
  });
  return errors;
}

function addFamilies(spec: core.ServiceSpec, possible: ReadonlySet<IpFamily>): void {
  const families = spec.ipFamilies?.length ? spec.ipFamilies : ['IPv4'];
  const second = families[0] === 'IPv4' ? 'IPv6' : 'IPv4';
  const wantsSecond = spec.ipFamilyPolicy !== 'SingleStack' && families.length === 1 && possible.has(second);
  spec.ipFamilies = wantsSecond ? [...families, second] : families;
}
