// Finds the container or address that a client asked for and starts or joins its process; refusals as Status.

import { splitKey } from '../api/objects.ts';
import type { ProcessRequest, SessionPlace } from '../api/session.ts';
import { badRequest, internalError, notFound, unavailable } from '../api/status-error.ts';
import type { ContainerCache } from './container-cache.ts';
import { newestByName } from './records/absorb.ts';
import { type Runtime, RuntimeError, type RuntimeProcess } from './runtime/runtime.ts';
import type { PodNetwork } from './streams/pod-ports.ts';

/** @throws StatusError */
export async function containerProcess(
  runtime: Runtime,
  cache: ContainerCache,
  request: ProcessRequest,
): Promise<RuntimeProcess> {
  const options = request.kind === 'exec' ? request.exec : request.attach;
  const id = runningContainer(cache, request, options.container);
  try {
    if (request.kind === 'exec') return await runtime.exec(id, request.exec.command, options);
    return await runtime.attach(id, options);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    throw error.reason === 'RuntimeUnavailable' ? unavailable(error.message) : internalError(error.message);
  }
}

function runningContainer(cache: ContainerCache, { pod, podUid }: SessionPlace, name: string): string {
  const made = newestByName(cache.ofPod(podUid)).get(name);
  if (made?.state === 'running') return made.id;
  const { name: podName } = splitKey(pod);
  if (!made) throw notFound({ group: '', kind: 'containers', name: `${podName}/${name}` });
  throw badRequest(`container "${name}" in pod "${podName}" is not running`);
}

/** @throws StatusError BadRequest while the pod has no sandbox that runs. */
export function podNetwork(
  cache: ContainerCache,
  { pod, podUid }: SessionPlace,
  hostAddresses: readonly string[],
): PodNetwork {
  const sandbox = cache.ofPod(podUid).find((c) => c.containerName === undefined && c.state === 'running');
  if (sandbox) {
    const { id, ip, pid } = sandbox;
    // A board without a network has itself.
    return { id, pid, address: ip ?? hostAddresses[0] ?? '127.0.0.1', isBoards: ip === undefined };
  }
  throw badRequest(
    `unable to forward port because pod is not running: ${splitKey(pod).name} has no address yet`,
  );
}
