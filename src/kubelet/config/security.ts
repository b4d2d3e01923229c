// User, privileges and confinement of a container from its own and the pod's securityContext. Pure.
// https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
import { join } from 'node:path';
import type { core, Pod } from '../../api/objects.ts';
import type { ContainerConfig } from '../runtime/runtime.ts';
import { ConfigError } from './config-error.ts';

type SecurityPart = Pick<
  ContainerConfig,
  'user' | 'groups' | 'privileged' | 'capabilities' | 'readOnlyRootFilesystem' | 'confinement'
>;

export interface SecurityInput {
  /** USER of the image, empty = root; only where needsImageUser() says so. */
  imageUser: string | undefined;
  /** Where profiles of type Localhost are. */
  seccompFolder: string;
}

/** Whether the container's user depends on its image. */
export function needsImageUser(pod: Pod, container: core.Container): boolean {
  const { uid, gid, isNonRoot } = userOf(pod, container);
  return uid === undefined && (isNonRoot || gid !== undefined);
}

/** Throws ConfigError when runAsNonRoot cannot be kept. */
export function securityOf(pod: Pod, container: core.Container, input: SecurityInput): SecurityPart {
  const own = container.securityContext;
  const shared = pod.spec.securityContext;
  const { uid, gid, isNonRoot } = userOf(pod, container);
  if (isNonRoot) refuseRoot(pod, container, uid, input.imageUser);
  return {
    user: userText(uid, gid, input.imageUser),
    groups: groupsOf(shared),
    privileged: own?.privileged ?? false,
    capabilities: { add: own?.capabilities?.add ?? [], drop: own?.capabilities?.drop ?? [] },
    readOnlyRootFilesystem: own?.readOnlyRootFilesystem ?? false,
    confinement: confinementOf(own, shared, input.seccompFolder),
  };
}

/** Who owns the volumes comes with the others. */
function groupsOf({ supplementalGroups = [], fsGroup }: core.PodSecurityContext = {}): number[] {
  return [...new Set([...supplementalGroups, ...(fsGroup === undefined ? [] : [fsGroup])])];
}

function userOf(pod: Pod, { securityContext: own }: core.Container) {
  const shared = pod.spec.securityContext;
  return {
    uid: own?.runAsUser ?? shared?.runAsUser,
    gid: own?.runAsGroup ?? shared?.runAsGroup,
    isNonRoot: own?.runAsNonRoot ?? shared?.runAsNonRoot ?? false,
  };
}

/** A group alone goes with the image's user. */
function userText(uid?: number, gid?: number, imageUser?: string): string | undefined {
  if (uid === undefined && gid === undefined) return undefined;
  const user = uid ?? ((imageUser ?? '').split(':')[0] || '0');
  return gid === undefined ? `${user}` : `${user}:${gid}`;
}

function refuseRoot(pod: Pod, { name }: core.Container, uid?: number, imageUser = ''): void {
  const { name: podName, namespace = 'default', uid: podUid } = pod.metadata;
  const where = `(pod: "${podName}_${namespace}(${podUid})", container: ${name})`;
  if (uid === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${where}`);
  if (uid !== undefined) return;
  const user = imageUser.split(':')[0] || '0';
  if (!/^\d+$/.test(user)) {
    const words = `container has runAsNonRoot and image has non-numeric user (${user})`;
    throw new ConfigError(`${words}, cannot verify user is non-root ${where}`);
  }
  if (Number(user) === 0)
    throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`);
}

function confinementOf(
  own: core.SecurityContext | undefined,
  shared: core.PodSecurityContext | undefined,
  seccompFolder: string,
): ContainerConfig['confinement'] {
  const seccomp = own?.seccompProfile ?? shared?.seccompProfile;
  const appArmor = own?.appArmorProfile ?? shared?.appArmorProfile;
  return {
    noNewPrivileges: own?.allowPrivilegeEscalation === false,
    seccomp: profileOf(seccomp, (name) => join(seccompFolder, name)),
    appArmor: profileOf(appArmor, (name) => name),
    unmaskedProc: own?.procMount === 'Unmasked',
  };
}

/** `undefined` = the runtime's own. */
function profileOf(
  profile: { type: string; localhostProfile?: string } | undefined,
  local: (name: string) => string,
): string | undefined {
  if (profile?.type === 'Unconfined') return 'unconfined';
  return profile?.type === 'Localhost' ? local(profile.localhostProfile ?? '') : undefined;
}
