// NetworkPolicy: names, columns, defaults and rules. Whoever writes one is told that it is not enforced.
// https://kubernetes.io/docs/concepts/services-networking/network-policies/
import { ageColumn, column, nameColumn } from '../columns.ts';
import { forbiddenField, invalidEach, invalidValue, notSupported, required } from '../field-error.ts';
import { formatLabelSelector, selectorFromObject } from '../label-selector.ts';
import { portNameProblems, portNumberProblems } from '../names.ts';
import { parseNetwork } from '../network.ts';
import type { NetworkPolicy, networking } from '../objects.ts';
import { oneOf, PROTOCOLS } from '../pod-spec/validate-container.ts';
import { validateLabelSelector } from '../pod-spec/validate-selector.ts';
import type { KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';
import type { Writable } from '../writable.ts';

const POLICY_TYPES = ['Egress', 'Ingress'];

function setDefaults(policy: Writable<NetworkPolicy>): void {
  policy.spec ??= { podSelector: {} };
  const spec: Writable<networking.NetworkPolicySpec> = policy.spec;
  spec.podSelector ??= {};
  for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    for (const port of (rule.ports ?? []) as Writable<networking.NetworkPolicyPort>[])
      port.protocol ??= 'TCP';
  }
  if (spec.policyTypes?.length) return;
  spec.policyTypes = (spec.egress?.length ?? 0) > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

function portErrors({ port, endPort, protocol }: networking.NetworkPolicyPort, field: string): FieldError[] {
  const errors = oneOf(protocol, PROTOCOLS, `${field}.protocol`);
  if (typeof port === 'number') errors.push(...invalidEach(`${field}.port`, port, portNumberProblems(port)));
  if (typeof port === 'string') errors.push(...invalidEach(`${field}.port`, port, portNameProblems(port)));
  if (endPort === undefined) return errors;
  const at = `${field}.endPort`;
  if (port === undefined)
    return [...errors, required(at, 'may not be specified when `port` is not specified')];
  if (typeof port === 'string')
    return [...errors, invalidValue(at, endPort, 'may not be specified when `port` is non-numeric')];
  errors.push(...invalidEach(at, endPort, portNumberProblems(endPort)));
  if (endPort < port) errors.push(invalidValue(at, endPort, 'must be greater than or equal to `port`'));
  return errors;
}

function blockErrors({ cidr, except = [] }: networking.IPBlock, field: string): FieldError[] {
  if (!cidr) return [required(`${field}.cidr`)];
  const network = parseNetwork(cidr);
  if (!network)
    return [
      invalidValue(`${field}.cidr`, cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'),
    ];
  return except.flatMap((text, i) => {
    const at = `${field}.except[${i}]`;
    const inner = parseNetwork(text);
    if (!inner)
      return [invalidValue(at, text, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')];
    const within = network.contains(inner.address) && inner.prefix > network.prefix;
    return within ? [] : [invalidValue(at, text, 'must be a strict subset of `cidr`')];
  });
}

function peerErrors(peer: networking.NetworkPolicyPeer, field: string): FieldError[] {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  if (!podSelector && !namespaceSelector && !ipBlock) return [required(field, 'must specify a peer')];
  const errors = [
    ...validateLabelSelector(podSelector, `${field}.podSelector`),
    ...validateLabelSelector(namespaceSelector, `${field}.namespaceSelector`),
  ];
  if (!ipBlock) return errors;
  if (podSelector || namespaceSelector)
    errors.push(forbiddenField(field, 'may not specify both ipBlock and another peer'));
  return [...errors, ...blockErrors(ipBlock, `${field}.ipBlock`)];
}

function ruleErrors(
  ports: readonly networking.NetworkPolicyPort[] | undefined,
  peers: readonly networking.NetworkPolicyPeer[] | undefined,
  field: string,
  side: string,
): FieldError[] {
  return [
    ...(ports ?? []).flatMap((port, i) => portErrors(port, `${field}.ports[${i}]`)),
    ...(peers ?? []).flatMap((peer, i) => peerErrors(peer, `${field}.${side}[${i}]`)),
  ];
}

function validate({ spec }: NetworkPolicy): FieldError[] {
  const errors = validateLabelSelector(spec.podSelector, 'spec.podSelector');
  spec.ingress?.forEach((rule, i) => {
    errors.push(...ruleErrors(rule.ports, rule.from, `spec.ingress[${i}]`, 'from'));
  });
  spec.egress?.forEach((rule, i) => {
    errors.push(...ruleErrors(rule.ports, rule.to, `spec.egress[${i}]`, 'to'));
  });
  spec.policyTypes?.forEach((type, i) => {
    if (!POLICY_TYPES.includes(type)) errors.push(notSupported(`spec.policyTypes[${i}]`, type, POLICY_TYPES));
  });
  return errors;
}

export const networkPolicies: KindDefinition<NetworkPolicy> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  singular: 'networkpolicy',
  shortNames: ['netpol'],
  categories: [],
  namespaced: true,
  columns: [
    nameColumn,
    column(
      'Pod-Selector',
      'The pods that it is about.',
      ({ spec }) => formatLabelSelector(selectorFromObject(spec?.podSelector) ?? []) || '<none>',
    ),
    ageColumn,
  ],
  hasStatus: false,
  setDefaults,
  validate,
  warnings: () => ['NetworkPolicy: stored, not enforced: pods stay reachable as if there were none'],
};
