// User, privileges and capabilities of a container from its own and the pod's securityContext. Pure.
// https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
import type { core, Pod } from '../../api/objects.ts';
import type { ContainerConfig } from '../runtime/runtime.ts';
import { ConfigError } from './config-error.ts';

type SecurityPart = Pick<
  ContainerConfig,
  'user' | 'groups' | 'privileged' | 'capabilities' | 'readOnlyRootFilesystem'
>;

/** Throws ConfigError when runAsNonRoot cannot be kept. */
export function securityOf(pod: Pod, container: core.Container): SecurityPart {
  const own = container.securityContext;
  const shared = pod.spec.securityContext;
  const uid = own?.runAsUser ?? shared?.runAsUser;
  const gid = own?.runAsGroup ?? shared?.runAsGroup;
  if (own?.runAsNonRoot ?? shared?.runAsNonRoot) refuseRoot(container.name, uid);
  return {
    user: userText(container.name, uid, gid),
    groups: groupsOf(shared),
    privileged: own?.privileged ?? false,
    capabilities: { add: own?.capabilities?.add ?? [], drop: own?.capabilities?.drop ?? [] },
    readOnlyRootFilesystem: own?.readOnlyRootFilesystem ?? false,
  };
}

/** Who owns the volumes comes with the others. */
function groupsOf({ supplementalGroups = [], fsGroup }: core.PodSecurityContext = {}): number[] {
  return [...new Set([...supplementalGroups, ...(fsGroup === undefined ? [] : [fsGroup])])];
}

function userText(name: string, uid: number | undefined, gid: number | undefined): string | undefined {
  if (uid === undefined && gid !== undefined) {
    throw new ConfigError(`container "${name}": runAsGroup needs runAsUser too; set runAsUser`);
  }
  if (uid === undefined) return undefined;
  return gid === undefined ? `${uid}` : `${uid}:${gid}`;
}

function refuseRoot(name: string, uid: number | undefined): void {
  if (uid === undefined) {
    throw new ConfigError(
      `container "${name}" has runAsNonRoot and its image's user is not known; set runAsUser`,
    );
  }
  if (uid === 0) throw new ConfigError(`container "${name}": container's runAsUser breaks non-root policy`);
}
