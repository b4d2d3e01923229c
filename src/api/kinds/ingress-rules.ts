// What an Ingress may say. Source: k8s.io/kubernetes/pkg/apis/networking/validation/validation.go
import { isIP } from 'node:net';
import { forbiddenField, invalidEach, invalidValue, notSupported, required } from '../field-error.ts';
import { CLASS_ANNOTATION } from '../ingress/board-ingress.ts';
import {
  labelNameProblems,
  portNameProblems,
  portNumberProblems,
  serviceNameProblems,
  subdomainProblems,
} from '../names.ts';
import type { core, Ingress, networking } from '../objects.ts';
import type { FieldError } from '../status-error.ts';

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const BAD_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F'];
const BAD_ENDS = ['/..', '/.'];

/** A host may begin with `*.`, which stands for one label. */
function hostErrors(host: string, field: string): FieldError[] {
  if (isIP(host)) return [invalidValue(field, host, 'must be a DNS name, not an IP address')];
  const name = host.startsWith('*.') ? host.slice(2) : host;
  return invalidEach(field, host, subdomainProblems(name));
}

function serviceErrors(service: networking.IngressServiceBackend, field: string): FieldError[] {
  const errors = service.name
    ? invalidEach(`${field}.name`, service.name, serviceNameProblems(service.name))
    : [required(`${field}.name`)];
  const { name, number } = service.port ?? {};
  if (name && number) {
    return [
      ...errors,
      invalidValue(`${field}.port`, service.port, 'cannot set both port name & port number'),
    ];
  }
  if (name) return [...errors, ...invalidEach(`${field}.port.name`, name, portNameProblems(name))];
  if (!number) return [...errors, required(`${field}.port`, 'port name or number is required')];
  return [...errors, ...invalidEach(`${field}.port.number`, number, portNumberProblems(number))];
}

function resourceErrors(resource: core.TypedLocalObjectReference, field: string): FieldError[] {
  return (['kind', 'name'] as const)
    .filter((key) => !resource[key])
    .map((key) => required(`${field}.${key}`));
}

function backendErrors(backend: networking.IngressBackend, field: string): FieldError[] {
  const { service, resource } = backend;
  if (service && resource) {
    return [invalidValue(field, '', 'cannot set both resource and service backends')];
  }
  if (service) return serviceErrors(service, `${field}.service`);
  return resource
    ? resourceErrors(resource, `${field}.resource`)
    : [required(field, 'resource or service backend is required')];
}

function pathErrors(rule: networking.HTTPIngressPath, field: string): FieldError[] {
  const { path = '', pathType } = rule;
  const errors: FieldError[] = [];
  const at = `${field}.path`;
  if (!pathType) errors.push(required(`${field}.pathType`, 'pathType must be specified'));
  else if (!PATH_TYPES.includes(pathType))
    errors.push(notSupported(`${field}.pathType`, pathType, PATH_TYPES));
  else if (pathType !== 'ImplementationSpecific' || path) {
    if (!path.startsWith('/')) errors.push(invalidValue(at, path, 'must be an absolute path'));
  }
  if (pathType === 'Exact' || pathType === 'Prefix') {
    const sequence = BAD_SEQUENCES.find((bad) => path.includes(bad));
    if (sequence) errors.push(invalidValue(at, path, `must not contain '${sequence}'`));
    const end = BAD_ENDS.find((bad) => path.endsWith(bad));
    if (end) errors.push(invalidValue(at, path, `cannot end with '${end}'`));
  }
  return [...errors, ...backendErrors(rule.backend ?? {}, `${field}.backend`)];
}

function ruleErrors(rule: networking.IngressRule, field: string): FieldError[] {
  const errors = rule.host ? hostErrors(rule.host, `${field}.host`) : [];
  if (!rule.http) return errors;
  const paths = rule.http.paths ?? [];
  if (paths.length === 0) errors.push(required(`${field}.http.paths`));
  return [...errors, ...paths.flatMap((path, i) => pathErrors(path, `${field}.http.paths[${i}]`))];
}

export function validateIngress({ spec, metadata }: Ingress): FieldError[] {
  const { rules = [], tls = [], defaultBackend, ingressClassName } = spec;
  const errors: FieldError[] = [];
  if (rules.length === 0 && !defaultBackend) {
    errors.push(invalidValue('spec', rules, 'either `defaultBackend` or `rules` must be specified'));
  }
  if (defaultBackend) errors.push(...backendErrors(defaultBackend, 'spec.defaultBackend'));
  if (ingressClassName !== undefined) {
    errors.push(
      ...invalidEach('spec.ingressClassName', ingressClassName, subdomainProblems(ingressClassName)),
    );
    if (metadata.annotations?.[CLASS_ANNOTATION] !== undefined) {
      const why = 'can not be set when the class field is also set';
      errors.push(
        invalidValue(
          `annotations.${CLASS_ANNOTATION}`,
          metadata.annotations['kubernetes.io/ingress.class'],
          why,
        ),
      );
    }
  }
  errors.push(...rules.flatMap((rule, i) => ruleErrors(rule, `spec.rules[${i}]`)));
  tls.forEach(({ hosts = [] }, i) => {
    hosts.forEach((host, j) => {
      errors.push(...hostErrors(host, `spec.tls[${i}].hosts[${j}]`));
    });
  });
  return errors;
}

/** The rules of IngressClass, which are few. */
export function validateIngressClass(spec: networking.IngressClassSpec | undefined): FieldError[] {
  const { controller = '', parameters } = spec ?? {};
  const errors: FieldError[] = [];
  if (!controller) errors.push(required('spec.controller'));
  else if (!/^[^/]+\/.+$/.test(controller)) {
    const why = 'must be a domain-prefixed path (such as "acme.io/foo")';
    errors.push(invalidValue('spec.controller', controller, why));
  }
  if (!parameters) return errors;
  const { kind, name, scope, namespace } = parameters;
  if (!kind) errors.push(required('spec.parameters.kind'));
  if (!name) errors.push(required('spec.parameters.name'));
  if (scope !== 'Cluster' && scope !== 'Namespace') {
    return [...errors, notSupported('spec.parameters.scope', scope, ['Cluster', 'Namespace'])];
  }
  if (scope === 'Namespace' && !namespace) {
    const why = "`parameters.scope` is set to 'Namespace'";
    errors.push(required('spec.parameters.namespace', why));
  }
  if (scope === 'Cluster' && namespace !== undefined) {
    const why = "`parameters.scope` is set to 'Cluster'";
    errors.push(forbiddenField('spec.parameters.namespace', why));
  }
  if (namespace)
    errors.push(...invalidEach('spec.parameters.namespace', namespace, labelNameProblems(namespace)));
  return errors;
}
