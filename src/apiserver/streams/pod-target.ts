// Finds the board and the container that a stream is about; refusals in upstream's words.
import { pods } from '../../api/kinds/pod.ts';
import type { Pod } from '../../api/objects.ts';
import type { SessionTask } from '../../api/session.ts';
import { badRequest } from '../../api/status-error.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sessions } from '../sessions.ts';
import { BoardSession } from './board-session.ts';

/** @throws StatusError NotFound, or BadRequest when it is not on a board or has ended. */
export function livePod(registry: Registry, key: string): Pod {
  const pod = registry.get(pods, key);
  const { name } = pod.metadata;
  if (!pod.spec.nodeName) throw badRequest(`pod ${name} does not have a host assigned`);
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') {
    throw badRequest(`cannot reach into a container in a completed pod; current phase is ${phase}`);
  }
  return pod;
}

/** The container that is named, or the only one there is. */
export function containerOf(wanted: string | undefined, pod: Pod): string {
  const names = pod.spec.containers.map((container) => container.name);
  const init = (pod.spec.initContainers ?? []).map((container) => container.name);
  const ephemeral = (pod.spec.ephemeralContainers ?? []).map((container) => container.name);
  const { name } = pod.metadata;
  if (wanted !== undefined) {
    if ([...names, ...init, ...ephemeral].includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  const only = names[0];
  if (names.length === 1 && only !== undefined) return only;
  const alsoInit = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : '';
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]${alsoInit}`,
  );
}

/** Lets the pod's board dial back. @throws StatusError when it is not there or does not come. */
export async function dialBoard(sessions: Sessions, pod: Pod, task: SessionTask): Promise<BoardSession> {
  const { namespace, name, uid } = pod.metadata;
  const place = { pod: `${namespace}/${name}`, podUid: uid };
  return new BoardSession(await sessions.dial(pod.spec.nodeName ?? '', place, task));
}
