// A whole pod spec, of a pod or of a template.
// Source: pkg/apis/core/validation ValidatePodSpec
import { isIP } from 'node:net';
import { duplicate, invalidEach, invalidValue, required } from '../field-error.ts';
import { labelNameProblems, subdomainProblems } from '../names.ts';
import type { core } from '../objects.ts';
import type { FieldError } from '../status-error.ts';
import { nonNegative, withinInt32From1 } from './numbers.ts';
import { oneOf, validateContainers } from './validate-container.ts';
import { validateEphemeralContainers } from './validate-ephemeral.ts';
import { validateScheduling } from './validate-scheduling.ts';
import { validatePodSecurity } from './validate-security.ts';
import { validateVolumes } from './validate-volumes.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

function validateHostPorts(spec: core.PodSpec, field: string): FieldError[] {
  const taken = new Set<string>();
  const errors: FieldError[] = [];
  (spec.containers ?? []).forEach((container, c) => {
    (container.ports ?? []).forEach((port, p) => {
      const at = `${field}.containers[${c}].ports[${p}]`;
      if (spec.hostNetwork && port.hostPort !== port.containerPort) {
        const why = 'must match `hostPort` when `hostNetwork` is true';
        errors.push(invalidValue(`${at}.containerPort`, port.containerPort, why));
      }
      if (!port.hostPort) return;
      const key = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (taken.has(key)) errors.push(duplicate(`${at}.hostPort`, key));
      taken.add(key);
    });
  });
  return errors;
}

function validateNames(spec: core.PodSpec, field: string): FieldError[] {
  const names: [keyof core.PodSpec & string, string | undefined, (text: string) => string[]][] = [
    ['nodeName', spec.nodeName, subdomainProblems],
    ['hostname', spec.hostname, labelNameProblems],
    ['subdomain', spec.subdomain, labelNameProblems],
    ['serviceAccountName', spec.serviceAccountName, subdomainProblems],
    ['priorityClassName', spec.priorityClassName, subdomainProblems],
    ['runtimeClassName', spec.runtimeClassName, subdomainProblems],
  ];
  return names.flatMap(([name, value, problems]) =>
    value ? invalidEach(`${field}.${name}`, value, problems(value)) : [],
  );
}

function validateDns(spec: core.PodSpec, field: string): FieldError[] {
  const errors = oneOf(spec.dnsPolicy, DNS_POLICIES, `${field}.dnsPolicy`);
  const nameservers = spec.dnsConfig?.nameservers ?? [];
  if (spec.dnsPolicy === 'None' && nameservers.length === 0) {
    const why = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
    errors.push(required(`${field}.dnsConfig.nameservers`, why));
  }
  nameservers.forEach((address, i) => {
    if (isIP(address) === 0) {
      errors.push(invalidValue(`${field}.dnsConfig.nameservers[${i}]`, address, 'must be valid IP address'));
    }
  });
  return errors;
}

function validateHostAliases(spec: core.PodSpec, field: string): FieldError[] {
  return (spec.hostAliases ?? []).flatMap((alias, i) => {
    const at = `${field}.hostAliases[${i}]`;
    const address =
      isIP(alias.ip ?? '') === 0 ? [invalidValue(`${at}.ip`, alias.ip, 'must be valid IP address')] : [];
    const names = (alias.hostnames ?? []).flatMap((name, n) =>
      invalidEach(`${at}.hostnames[${n}]`, name, subdomainProblems(name)),
    );
    return [...address, ...names];
  });
}

/** `field` is where the spec stands, such as `spec` or `spec.template.spec`. Defaults are filled in already. */
export function validatePodSpec(spec: core.PodSpec, field: string): FieldError[] {
  const volumes = new Set((spec.volumes ?? []).map((volume) => volume.name));
  return [
    ...validateVolumes(spec.volumes, `${field}.volumes`),
    ...validateContainers(spec, volumes, field),
    ...validateEphemeralContainers(spec, volumes, field),
    ...validateHostPorts(spec, field),
    ...oneOf(spec.restartPolicy, RESTART_POLICIES, `${field}.restartPolicy`),
    ...validateDns(spec, field),
    ...validateNames(spec, field),
    ...validateScheduling(spec, field),
    ...validatePodSecurity(spec, field),
    ...(spec.imagePullSecrets ?? []).flatMap((secret, i) =>
      secret.name ? [] : [required(`${field}.imagePullSecrets[${i}].name`)],
    ),
    ...validateHostAliases(spec, field),
    ...nonNegative(spec.terminationGracePeriodSeconds, `${field}.terminationGracePeriodSeconds`),
    ...withinInt32From1(spec.activeDeadlineSeconds, `${field}.activeDeadlineSeconds`),
  ];
}
