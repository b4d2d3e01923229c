// What a Service may say of being reached from outside.
// Source: pkg/apis/core/validation ValidateService, validateServiceExternalTrafficPolicy and …LoadBalancerClassField
import { forbiddenField, invalidEach, invalidValue, notSupported } from '../field-error.ts';
import { portNumberProblems, qualifiedNameProblems, subdomainProblems } from '../names.ts';
import { parseNetwork } from '../network.ts';
import type { core, Service } from '../objects.ts';
import { isAddress } from '../special-addresses.ts';
import type { FieldError } from '../status-error.ts';

/** Newer than the types at hand: whether boards take packets for the address, or leave them to the load balancer. */
export type LoadBalancerWay = core.LoadBalancerIngress & { ipMode?: string };

const IP_MODES = ['Proxy', 'VIP'];
const ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'";

export function validateOutside(service: Service): FieldError[] {
  return [
    ...validateLoadBalancer(service),
    ...validateSourceRanges(service),
    ...validateHealthCheckPort(service),
  ];
}

/** What a load balancer has been made by, and where it is asked for its health, stays. */
export function validateOutsideUpdate(next: Service, previous: Service): FieldError[] {
  const errors: FieldError[] = [];
  const [now, before] = [next.spec, previous.spec];
  const isStill = now.type === 'LoadBalancer' && before.type === 'LoadBalancer';
  if (isStill && now.loadBalancerClass !== before.loadBalancerClass) {
    errors.push(
      invalidValue('spec.loadBalancerClass', now.loadBalancerClass ?? null, 'may not change once set'),
    );
  }
  const wereChecked = needsHealthCheck(previous) && needsHealthCheck(next) && before.healthCheckNodePort;
  if (wereChecked && now.healthCheckNodePort && now.healthCheckNodePort !== before.healthCheckNodePort) {
    errors.push(invalidValue('spec.healthCheckNodePort', now.healthCheckNodePort, 'field is immutable'));
  }
  return errors;
}

export function needsHealthCheck({ spec }: Service): boolean {
  return spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

function validateLoadBalancer({ spec }: Service): FieldError[] {
  const { type, loadBalancerClass, allocateLoadBalancerNodePorts } = spec;
  const isLoadBalancer = type === 'LoadBalancer';
  const errors: FieldError[] = [];
  if (!isLoadBalancer && allocateLoadBalancerNodePorts !== undefined) {
    errors.push(forbiddenField('spec.allocateLoadBalancerNodePorts', ONLY_LOAD_BALANCER));
  }
  if (loadBalancerClass === undefined) return errors;
  if (!isLoadBalancer) return [...errors, forbiddenField('spec.loadBalancerClass', ONLY_LOAD_BALANCER)];
  const problems = qualifiedNameProblems(loadBalancerClass);
  return [...errors, ...invalidEach('spec.loadBalancerClass', loadBalancerClass, problems)];
}

function validateSourceRanges({ spec }: Service): FieldError[] {
  const ranges = spec.loadBalancerSourceRanges ?? [];
  const field = 'spec.loadBalancerSourceRanges';
  if (ranges.length > 0 && spec.type !== 'LoadBalancer') return [forbiddenField(field, ONLY_LOAD_BALANCER)];
  return ranges.flatMap((range, i) =>
    parseNetwork(range.trim())
      ? []
      : invalidValue(
          `${field}[${i}]`,
          range,
          'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        ),
  );
}

function validateHealthCheckPort(service: Service): FieldError[] {
  const field = 'spec.healthCheckNodePort';
  const { healthCheckNodePort: port } = service.spec;
  if (!port) return [];
  const errors = invalidEach(field, port, portNumberProblems(port));
  if (needsHealthCheck(service)) return errors;
  const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
  return [...errors, invalidValue(field, port, why)];
}

/** What a load balancer says of itself. Source: pkg/apis/core/validation ValidateLoadBalancerStatus */
export function validateOutsideStatus({ spec, status }: Service): FieldError[] {
  const field = 'status.loadBalancer.ingress';
  const ways: readonly LoadBalancerWay[] = status?.loadBalancer?.ingress ?? [];
  if (ways.length > 0 && spec.type !== 'LoadBalancer')
    return [forbiddenField(field, "may only be used when `spec.type` is 'LoadBalancer'")];
  return ways.flatMap((way, i) => validateWay(way, `${field}[${i}]`));
}

function validateWay({ ip, ipMode, hostname }: LoadBalancerWay, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (ip && !isAddress(ip)) errors.push(invalidValue(`${field}.ip`, ip, 'must be a valid IP address'));
  if (ipMode !== undefined && !ip)
    errors.push(forbiddenField(`${field}.ipMode`, 'may not be specified when `ip` is not set'));
  else if (ipMode !== undefined && !IP_MODES.includes(ipMode))
    errors.push(notSupported(`${field}.ipMode`, ipMode, IP_MODES));
  if (!hostname) return errors;
  if (isAddress(hostname))
    errors.push(invalidValue(`${field}.hostname`, hostname, 'must be a DNS name, not an IP address'));
  return [...errors, ...invalidEach(`${field}.hostname`, hostname, subdomainProblems(hostname))];
}
