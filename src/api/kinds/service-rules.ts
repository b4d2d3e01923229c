// What a Service may say. Addresses and node ports are given out by the API server, which also knows the ranges.
// Source: pkg/apis/core/validation ValidateService
import {
  duplicate,
  forbiddenField,
  invalidEach,
  invalidValue,
  notSupported,
  required,
} from '../field-error.ts';
import { validateLabels } from '../metadata.ts';
import { labelNameProblems, portNumberProblems, qualifiedNameProblems, subdomainProblems } from '../names.ts';
import type { core, Service } from '../objects.ts';
import { portOrName } from '../pod-spec/numbers.ts';
import { oneOf, PROTOCOLS } from '../pod-spec/validate-container.ts';
import { isAddress, specialAddressProblem } from '../special-addresses.ts';
import type { FieldError } from '../status-error.ts';
import { validateAddresses, validateAddressUpdate } from './service-address-rules.ts';
import { validateOutside, validateOutsideStatus, validateOutsideUpdate } from './service-outside-rules.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const AFFINITIES = ['ClientIP', 'None'];
const POLICIES = ['Cluster', 'Local'];
/** Of all releases that know the field. */
const DISTRIBUTIONS = ['PreferClose', 'PreferSameNode', 'PreferSameZone'];
const MAX_AFFINITY_SECONDS = 86_400;

function validatePort(port: core.ServicePort, manyPorts: boolean, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (port.name) errors.push(...invalidEach(`${field}.name`, port.name, labelNameProblems(port.name)));
  else if (manyPorts) errors.push(required(`${field}.name`));
  errors.push(
    ...invalidEach(`${field}.port`, port.port ?? 0, portNumberProblems(port.port ?? 0)),
    ...oneOf(port.protocol, PROTOCOLS, `${field}.protocol`),
    ...portOrName(port.targetPort, `${field}.targetPort`),
  );
  if (port.nodePort) {
    errors.push(...invalidEach(`${field}.nodePort`, port.nodePort, portNumberProblems(port.nodePort)));
  }
  if (port.appProtocol) {
    errors.push(
      ...invalidEach(`${field}.appProtocol`, port.appProtocol, qualifiedNameProblems(port.appProtocol)),
    );
  }
  return errors;
}

/** Adds `value` under `key`; says so when it was there already. */
function repeated(seen: Set<string>, key: string, field: string, value: unknown): FieldError[] {
  if (seen.has(key)) return [duplicate(field, value)];
  seen.add(key);
  return [];
}

function validatePorts({ spec }: Service): FieldError[] {
  const ports = spec.ports ?? [];
  const headless = spec.clusterIP === 'None';
  const names = new Set<string>();
  const numbers = new Set<string>();
  const nodePorts = new Set<string>();
  const errors: FieldError[] = [];
  if (ports.length === 0 && !headless && spec.type !== 'ExternalName') errors.push(required('spec.ports'));
  ports.forEach((port, i) => {
    const at = `spec.ports[${i}]`;
    const { protocol, nodePort } = port;
    errors.push(...validatePort(port, ports.length > 1, at));
    if (port.name) errors.push(...repeated(names, port.name, `${at}.name`, port.name));
    errors.push(...repeated(numbers, `${protocol}/${port.port}`, at, { protocol, port: port.port }));
    if (!nodePort) return;
    errors.push(...repeated(nodePorts, `${protocol}/${nodePort}`, `${at}.nodePort`, nodePort));
    if (spec.type === 'ClusterIP') {
      errors.push(forbiddenField(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
    }
  });
  return errors;
}

function validateExternal({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.type === 'ExternalName') {
    const name = spec.externalName?.replace(/\.$/, '');
    if (!name) errors.push(required('spec.externalName'));
    else errors.push(...invalidEach('spec.externalName', spec.externalName, subdomainProblems(name)));
  }
  spec.externalIPs?.forEach((address, i) => {
    const field = `spec.externalIPs[${i}]`;
    const problem = isAddress(address) ? specialAddressProblem(address) : 'must be a valid IP address';
    if (problem) errors.push(invalidValue(field, address, problem));
  });
  return errors;
}

function validateAffinity({ spec }: Service): FieldError[] {
  const errors = oneOf(spec.sessionAffinity, AFFINITIES, 'spec.sessionAffinity');
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (
    spec.sessionAffinity === 'ClientIP' &&
    seconds !== undefined &&
    (seconds <= 0 || seconds > MAX_AFFINITY_SECONDS)
  ) {
    const field = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
    errors.push(invalidValue(field, seconds, `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`));
  }
  return errors;
}

function validatePolicies({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const { externalTrafficPolicy: external, internalTrafficPolicy: internal, trafficDistribution } = spec;
  if (trafficDistribution !== undefined && !DISTRIBUTIONS.includes(trafficDistribution)) {
    errors.push(notSupported('spec.trafficDistribution', trafficDistribution, DISTRIBUTIONS));
  }
  if (internal && !POLICIES.includes(internal)) {
    errors.push(notSupported('spec.internalTrafficPolicy', internal, POLICIES));
  }
  if (external && !POLICIES.includes(external)) {
    errors.push(notSupported('spec.externalTrafficPolicy', external, POLICIES));
  }
  const reachable = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || spec.externalIPs?.length;
  if (external && !reachable) {
    const why = 'may only be set for externally-accessible services';
    errors.push(invalidValue('spec.externalTrafficPolicy', external, why));
  }
  return errors;
}

export function validateService(service: Service): FieldError[] {
  return [
    ...oneOf(service.spec.type, TYPES, 'spec.type'),
    ...validatePorts(service),
    ...validateAffinity(service),
    ...validateLabels(service.spec.selector, 'spec.selector'),
    ...validateAddresses(service),
    ...validateExternal(service),
    ...validatePolicies(service),
    ...validateOutside(service),
  ];
}

export function validateServiceUpdate(next: Service, previous: Service, subresource?: string): FieldError[] {
  if (subresource === 'status') return validateOutsideStatus(next);
  return [...validateOutsideUpdate(next, previous), ...validateAddressUpdate(next, previous)];
}
