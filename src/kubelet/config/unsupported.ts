// What a pod may ask for that this kubelet does not do: parts that would make it run wrongly are refused,
// parts it can run without are noted. Both are told to the user; nothing is ignored silently. Pure.
import type { core, Pod } from '../../api/objects.ts';

const SUPPORTED_VOLUMES: ReadonlySet<string> = new Set([
  'emptyDir',
  'hostPath',
  'configMap',
  'secret',
  'downwardAPI',
  'projected',
  'persistentVolumeClaim',
  'ephemeral',
  'nfs',
]);
const SUPPORTED_PROJECTIONS: ReadonlySet<string> = new Set([
  'serviceAccountToken',
  'configMap',
  'secret',
  'downwardAPI',
]);

/** Newer than the types at hand. */
interface NewerSpec extends core.PodSpec {
  resources?: core.ResourceRequirements;
}

/** Why the pod cannot run on this board as it is written; `undefined` when it can. */
export function refusalOf(pod: Pod): string | undefined {
  const reasons = [...podRefusals(pod.spec), ...allContainers(pod.spec).flatMap(containerRefusals)];
  return reasons.length > 0 ? `not supported on this board: ${reasons.join('; ')}` : undefined;
}

/** One sentence on what the pod asks for and gets without; `undefined` when there is nothing. */
export function notesOn(pod: Pod): string | undefined {
  const notes = [...podNotes(pod.spec), ...allContainers(pod.spec).flatMap(containerNotes)];
  return notes.length > 0 ? `this board runs the pod without: ${notes.join('; ')}` : undefined;
}

function allContainers(spec: core.PodSpec): core.Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

function podRefusals(spec: core.PodSpec): string[] {
  const reasons: string[] = [];
  if (spec.resourceClaims?.length) reasons.push('spec.resourceClaims');
  if (spec.os?.name && spec.os.name !== 'linux') reasons.push(`spec.os ${spec.os.name}`);
  for (const volume of spec.volumes ?? []) {
    const type = Object.keys(volume).find((key) => key !== 'name') ?? 'emptyDir';
    if (!SUPPORTED_VOLUMES.has(type)) reasons.push(`volume "${volume.name}" of type ${type}`);
    for (const source of volume.projected?.sources ?? []) {
      const other = Object.keys(source).find((key) => !SUPPORTED_PROJECTIONS.has(key));
      if (other) reasons.push(`${other} in volume "${volume.name}"`);
    }
  }
  return reasons;
}

function containerRefusals(container: core.Container): string[] {
  const reasons: string[] = [];
  const of = `container "${container.name}"`;
  if (container.volumeDevices?.length) reasons.push(`volumeDevices of ${of}`);
  if (container.volumeMounts?.some((m) => m.recursiveReadOnly === 'Enabled')) {
    reasons.push(`recursiveReadOnly of ${of}`);
  }
  return reasons;
}

function podNotes(spec: core.PodSpec): string[] {
  const notes: string[] = [];
  const security: (core.PodSecurityContext & { supplementalGroupsPolicy?: string }) | undefined =
    spec.securityContext;
  if (security?.supplementalGroupsPolicy === 'Strict') notes.push('supplementalGroupsPolicy Strict');
  if (security?.seLinuxOptions) notes.push('seLinuxOptions');
  if ((spec as NewerSpec).resources) notes.push('resources of the pod as a whole');
  if (spec.hostUsers === false) notes.push('a user namespace (hostUsers: false)');
  return notes;
}

function containerNotes(container: core.Container): string[] {
  const notes: string[] = [];
  const of = `of container "${container.name}"`;
  if (container.securityContext?.seLinuxOptions) notes.push(`seLinuxOptions ${of}`);
  return notes;
}
