// Probes and lifecycle hooks: exactly one way to act, with numbers that make sense.
// Source: pkg/apis/core/validation validateProbe, validateHandler
import { forbiddenField, invalidValue, notSupported, required } from '../field-error.ts';
import type { core } from '../objects.ts';
import type { FieldError } from '../status-error.ts';
import { nonNegative, portOrName, positive } from './numbers.ts';

export type ProbeSort = 'livenessProbe' | 'readinessProbe' | 'startupProbe';

type Handler = core.LifecycleHandler & Pick<core.Probe, 'grpc'>;
const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

function validateHttpGet(action: core.HTTPGetAction, field: string): FieldError[] {
  const errors = portOrName(action.port, `${field}.port`);
  if (!action.path) errors.push(required(`${field}.path`));
  if (action.scheme && !['HTTP', 'HTTPS'].includes(action.scheme)) {
    errors.push(notSupported(`${field}.scheme`, action.scheme, ['HTTP', 'HTTPS']));
  }
  return errors;
}

function validateHandler(handler: Handler, field: string): FieldError[] {
  const given = HANDLERS.filter((name) => handler[name] !== undefined);
  if (given.length === 0) return [required(field, 'must specify a handler type')];
  const errors = given
    .slice(1)
    .map((name) => forbiddenField(`${field}.${name}`, 'may not specify more than 1 handler type'));
  if (handler.exec && !handler.exec.command?.length) errors.push(required(`${field}.exec.command`));
  if (handler.httpGet) errors.push(...validateHttpGet(handler.httpGet, `${field}.httpGet`));
  if (handler.tcpSocket) errors.push(...portOrName(handler.tcpSocket.port, `${field}.tcpSocket.port`));
  if (handler.grpc) errors.push(...portOrName(handler.grpc.port, `${field}.grpc.port`));
  return errors;
}

export function validateProbe(probe: core.Probe | undefined, field: string, sort: ProbeSort): FieldError[] {
  if (!probe) return [];
  const errors = [
    ...validateHandler(probe, field),
    ...nonNegative(probe.initialDelaySeconds, `${field}.initialDelaySeconds`),
    ...nonNegative(probe.timeoutSeconds, `${field}.timeoutSeconds`),
    ...nonNegative(probe.periodSeconds, `${field}.periodSeconds`),
    ...nonNegative(probe.successThreshold, `${field}.successThreshold`),
    ...nonNegative(probe.failureThreshold, `${field}.failureThreshold`),
    ...positive(probe.terminationGracePeriodSeconds, `${field}.terminationGracePeriodSeconds`),
  ];
  if (sort !== 'readinessProbe' && probe.successThreshold !== 1) {
    errors.push(invalidValue(`${field}.successThreshold`, probe.successThreshold, 'must be 1'));
  }
  if (sort === 'readinessProbe' && probe.terminationGracePeriodSeconds !== undefined) {
    errors.push(
      invalidValue(
        `${field}.terminationGracePeriodSeconds`,
        probe.terminationGracePeriodSeconds,
        'must not be set for readinessProbes',
      ),
    );
  }
  return errors;
}

export function validateLifecycle(lifecycle: core.Lifecycle | undefined, field: string): FieldError[] {
  const { postStart, preStop } = lifecycle ?? {};
  return [
    ...(postStart ? validateHandler(postStart, `${field}.postStart`) : []),
    ...(preStop ? validateHandler(preStop, `${field}.preStop`) : []),
  ];
}
