// What the level `restricted` forbids beyond `baseline`: its own
// rules on volumes, capabilities and seccomp stand in place of the milder ones. Pure.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
import type { core } from '../../api/objects.ts';
import { named, perContainer, type Rule } from './pod-security-rule.ts';

const ALLOWED_VOLUMES = [
  'name',
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
const ALLOWED_CAPABILITY = 'NET_BIND_SERVICE';
const SAFE_SECCOMP = ['RuntimeDefault', 'Localhost'];

const allowPrivilegeEscalation = perContainer(
  'allowPrivilegeEscalation != false',
  ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
  'must set securityContext.allowPrivilegeEscalation=false',
);

const capabilities: Rule = ({ containers }) => {
  const of = ({ securityContext }: core.Container) => securityContext?.capabilities;
  const keeping = containers.filter((container) => !of(container)?.drop?.includes('ALL'));
  const extra = (container: core.Container) =>
    (of(container)?.add ?? []).filter((name) => name !== ALLOWED_CAPABILITY);
  const adding = containers.filter((container) => extra(container).length > 0);
  const names = [...new Set(adding.flatMap(extra))].sort().map((name) => JSON.stringify(name));
  const details = [
    ...(keeping.length > 0 ? [`${named(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [`${named(adding)} must not include ${names.join(', ')} in securityContext.capabilities.add`]
      : []),
  ];
  return details.length > 0 ? `unrestricted capabilities (${details.join('; ')})` : undefined;
};

const volumes: Rule = ({ spec }) => {
  const typeOf = (volume: core.Volume) =>
    Object.entries(volume).find(([key, value]) => value !== undefined && !ALLOWED_VOLUMES.includes(key))?.[0];
  const found = (spec.volumes ?? []).filter((volume) => typeOf(volume) !== undefined);
  if (found.length === 0) return undefined;
  const types = [...new Set(found.map(typeOf))].map((type) => JSON.stringify(type));
  const verb = found.length > 1 ? 'use' : 'uses';
  const plural = types.length > 1 ? 's' : '';
  return `restricted volume types (${named(found, 'volume')} ${verb} restricted volume type${plural} ${types.join(', ')})`;
};

const runAsNonRoot: Rule = ({ spec, containers }) => {
  const forPod = spec.securityContext?.runAsNonRoot;
  const of = ({ securityContext }: core.Container) => securityContext?.runAsNonRoot;
  const bad = containers.filter((container) => of(container) === false);
  const silent = forPod ? [] : containers.filter((container) => of(container) === undefined);
  const details = [
    ...(bad.length > 0 ? [`${named(bad)} must not set securityContext.runAsNonRoot=false`] : []),
    ...(silent.length > 0 ? [`pod or ${named(silent)} must set securityContext.runAsNonRoot=true`] : []),
  ];
  return details.length > 0 ? `runAsNonRoot != true (${details.join('; ')})` : undefined;
};

const runAsUser: Rule = ({ spec, containers }) => {
  const bad = containers.filter(({ securityContext }) => securityContext?.runAsUser === 0);
  const who = [
    ...(spec.securityContext?.runAsUser === 0 ? ['pod'] : []),
    ...(bad.length > 0 ? [named(bad)] : []),
  ];
  return who.length > 0 ? `runAsUser=0 (${who.join(' and ')} must not set runAsUser=0)` : undefined;
};

const seccomp: Rule = ({ spec, containers }) => {
  const forPod = spec.securityContext?.seccompProfile?.type;
  const of = ({ securityContext }: core.Container) => securityContext?.seccompProfile?.type;
  const isSafe = (type: string | undefined) => type !== undefined && SAFE_SECCOMP.includes(type);
  const bad = containers.filter((container) => of(container) !== undefined && !isSafe(of(container)));
  const silent = isSafe(forPod) ? [] : containers.filter((container) => of(container) === undefined);
  const must = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"';
  const details = [
    ...(bad.length > 0 ? [`${named(bad)} ${must}`] : []),
    ...(silent.length > 0 ? [`pod or ${named(silent)} ${must}`] : []),
  ];
  return details.length > 0 ? `seccompProfile (${details.join('; ')})` : undefined;
};

export const restrictedRules: readonly Rule[] = [
  allowPrivilegeEscalation,
  capabilities,
  volumes,
  runAsNonRoot,
  runAsUser,
  seccomp,
];
