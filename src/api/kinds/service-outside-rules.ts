// What a Service may say of being reached from outside.
// Source: pkg/apis/core/validation ValidateService, validateServiceExternalTrafficPolicy and …LoadBalancerClassField
import { forbiddenField, invalidEach, invalidValue } from '../field-error.ts';
import { portNumberProblems, qualifiedNameProblems } from '../names.ts';
import { parseNetwork } from '../network.ts';
import type { Service } from '../objects.ts';
import type { FieldError } from '../status-error.ts';

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
