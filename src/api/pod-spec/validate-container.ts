// One container: image, ports, mounts, policies and security context.
// Source: pkg/apis/core/validation validateContainerCommon
import {
  duplicate,
  forbiddenField,
  invalidEach,
  invalidValue,
  notFoundField,
  notSupported,
  required,
} from '../field-error.ts';
import { labelNameProblems, portNameProblems, portNumberProblems } from '../names.ts';
import type { core } from '../objects.ts';
import type { FieldError } from '../status-error.ts';
import { validateEnv, validateEnvFrom } from './validate-env.ts';
import { type ProbeSort, validateLifecycle, validateProbe } from './validate-handlers.ts';
import { validateResizePolicies } from './validate-resize.ts';
import { validateResources } from './validate-resources.ts';
import { validateContainerSecurity } from './validate-security.ts';
import { validateLocalPath } from './validate-volumes.ts';

export const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const MESSAGE_POLICIES = ['FallbackToLogsOnError', 'File'];
const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];
const PROBES: readonly ProbeSort[] = ['livenessProbe', 'readinessProbe', 'startupProbe'];

/** A value that must be there and be one of a list. */
export function oneOf(value: string | undefined, supported: readonly string[], field: string): FieldError[] {
  if (!value) return [required(field)];
  return supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

function validatePort(port: core.ContainerPort, field: string): FieldError[] {
  const errors = port.name ? invalidEach(`${field}.name`, port.name, portNameProblems(port.name)) : [];
  if (!port.containerPort) errors.push(required(`${field}.containerPort`));
  else {
    const problems = portNumberProblems(port.containerPort);
    errors.push(...invalidEach(`${field}.containerPort`, port.containerPort, problems));
  }
  if (port.hostPort) {
    errors.push(...invalidEach(`${field}.hostPort`, port.hostPort, portNumberProblems(port.hostPort)));
  }
  return [...errors, ...oneOf(port.protocol, PROTOCOLS, `${field}.protocol`)];
}

function validatePorts(ports: readonly core.ContainerPort[], field: string): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, i) => {
    const errors = validatePort(port, `${field}[${i}]`);
    if (port.name && names.has(port.name)) errors.push(duplicate(`${field}[${i}].name`, port.name));
    if (port.name) names.add(port.name);
    return errors;
  });
}

function validateMount(mount: core.VolumeMount, volumes: ReadonlySet<string>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!mount.name) errors.push(required(`${field}.name`));
  else if (!volumes.has(mount.name)) errors.push(notFoundField(`${field}.name`, mount.name));
  if (!mount.mountPath) errors.push(required(`${field}.mountPath`));
  if (mount.subPath) errors.push(...validateLocalPath(mount.subPath, `${field}.subPath`));
  if (mount.subPathExpr) errors.push(...validateLocalPath(mount.subPathExpr, `${field}.subPathExpr`));
  if (mount.subPath && mount.subPathExpr) {
    const why = 'subPathExpr and subPath are mutually exclusive';
    errors.push(invalidValue(`${field}.subPathExpr`, mount.subPathExpr, why));
  }
  if (mount.mountPropagation && !PROPAGATIONS.includes(mount.mountPropagation)) {
    errors.push(notSupported(`${field}.mountPropagation`, mount.mountPropagation, PROPAGATIONS));
  }
  return errors;
}

function validateMounts(
  container: core.Container,
  volumes: ReadonlySet<string>,
  field: string,
): FieldError[] {
  const paths = new Set<string>();
  return (container.volumeMounts ?? []).flatMap((mount, i) => {
    const at = `${field}.volumeMounts[${i}]`;
    const errors = validateMount(mount, volumes, at);
    if (paths.has(mount.mountPath)) {
      errors.push(invalidValue(`${at}.mountPath`, mount.mountPath, 'must be unique'));
    }
    paths.add(mount.mountPath);
    return errors;
  });
}

/** The parts that containers, init containers and ephemeral containers share, save the name's uniqueness. */
export function validateCommon(
  container: core.Container,
  volumes: ReadonlySet<string>,
  field: string,
): FieldError[] {
  const errors = container.name
    ? invalidEach(`${field}.name`, container.name, labelNameProblems(container.name))
    : [required(`${field}.name`)];
  if (!container.image) errors.push(required(`${field}.image`));
  else if (container.image.trim() !== container.image) {
    errors.push(
      invalidValue(`${field}.image`, container.image, 'must not have leading or trailing whitespace'),
    );
  }
  return [
    ...errors,
    ...oneOf(container.terminationMessagePolicy, MESSAGE_POLICIES, `${field}.terminationMessagePolicy`),
    ...validatePorts(container.ports ?? [], `${field}.ports`),
    ...validateEnv(container.env, `${field}.env`),
    ...validateEnvFrom(container.envFrom, `${field}.envFrom`),
    ...validateMounts(container, volumes, field),
    ...oneOf(container.imagePullPolicy, PULL_POLICIES, `${field}.imagePullPolicy`),
    ...validateResources(container.resources, `${field}.resources`),
    ...validateContainerSecurity(container.securityContext, `${field}.securityContext`),
  ];
}

function validateActions(container: core.Container, field: string): FieldError[] {
  return [
    ...validateLifecycle(container.lifecycle, `${field}.lifecycle`),
    ...PROBES.flatMap((sort) => validateProbe(container[sort], `${field}.${sort}`, sort)),
  ];
}

function validateInitOnly(container: core.Container, field: string): FieldError[] {
  const { restartPolicy } = container;
  if (restartPolicy === 'Always') return validateActions(container, field);
  const errors = restartPolicy ? [notSupported(`${field}.restartPolicy`, restartPolicy, ['Always'])] : [];
  for (const action of ['lifecycle', ...PROBES] as const) {
    if (container[action]) {
      const why = 'may not be set for init containers without restartPolicy=Always';
      errors.push(forbiddenField(`${field}.${action}`, why));
    }
  }
  return errors;
}

/** All containers of a spec: each by itself, and their names against each other. */
export function validateContainers(
  spec: core.PodSpec,
  volumes: ReadonlySet<string>,
  field: string,
): FieldError[] {
  const names = new Set<string>();
  const nameTwice = (name: string, at: string) => {
    const twice = names.has(name);
    names.add(name);
    return twice ? [duplicate(`${at}.name`, name)] : [];
  };
  const main = (spec.containers ?? []).flatMap((container, i) => {
    const at = `${field}.containers[${i}]`;
    const policy = container.restartPolicy
      ? [forbiddenField(`${at}.restartPolicy`, 'may not be set for non-init containers')]
      : [];
    return [
      ...validateCommon(container, volumes, at),
      ...validateActions(container, at),
      ...validateResizePolicies(container, spec.restartPolicy, at),
      ...nameTwice(container.name, at),
      ...policy,
    ];
  });
  const init = (spec.initContainers ?? []).flatMap((container, i) => {
    const at = `${field}.initContainers[${i}]`;
    return [
      ...validateCommon(container, volumes, at),
      ...validateInitOnly(container, at),
      ...validateResizePolicies(container, container.restartPolicy ?? spec.restartPolicy, at),
      ...nameTwice(container.name, at),
    ];
  });
  const none = spec.containers?.length ? [] : [required(`${field}.containers`)];
  return [...none, ...main, ...init];
}
