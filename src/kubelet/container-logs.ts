// Finds the log file that a client asks for and opens it; the reasons why there is none in upstream's words.
import { splitKey } from '../api/objects.ts';
import type { LogsRequest } from '../api/session.ts';
import { badRequest, notFound } from '../api/status-error.ts';
import { isThere } from '../base/if-present.ts';
import type { ContainerCache } from './container-cache.ts';
import { previousLogPath } from './logs/log-paths.ts';
import { newestByName } from './records/absorb.ts';
import type { RuntimeContainer } from './runtime/runtime.ts';

/** Why a container of a pod was waiting when it was last looked at; `undefined` = it was not. */
type WaitingReason = (podUid: string, container: string) => string | undefined;

/** Resolves when it is known that there is one. @throws StatusError */
export async function containerLog(
  cache: ContainerCache,
  request: LogsRequest,
  signal: AbortSignal,
  waitingReason: WaitingReason,
): Promise<AsyncIterable<Uint8Array>> {
  const { logs } = request;
  const made = findContainer(cache, request, waitingReason);
  const path = logs.previous ? await previousPath(made, request) : made.logPath;
  if (!path) throw badRequest(`container "${logs.container}" keeps no log`);
  const { openLog } = await import('./logs/open-log.ts');
  return openLog(
    {
      path,
      timestamps: logs.timestamps,
      follow: logs.follow && !logs.previous,
      hasEnded: () => cache.get(made.id)?.state !== 'running',
      tailLines: logs.tailLines,
      sinceMs: logs.sinceTime === undefined ? undefined : Date.parse(logs.sinceTime),
      limitBytes: logs.limitBytes,
    },
    signal,
  );
}

function findContainer(
  cache: ContainerCache,
  { pod, podUid, logs }: LogsRequest,
  waitingReason: WaitingReason,
): RuntimeContainer {
  const { name = pod } = splitKey(pod);
  const observed = cache.ofPod(podUid);
  const made = newestByName(observed).get(logs.container);
  if (made) return made;
  if (observed.length > 0 || cache.uidsOf(pod).size === 0) {
    const why = whyNoLog(waitingReason(podUid, logs.container));
    throw badRequest(`container "${logs.container}" in pod "${name}" is waiting to start${why}`);
  }
  throw notFound({ group: '', kind: 'pods', name });
}

/** The most common failures are told in a sentence, as upstream. */
function whyNoLog(reason: string | undefined): string {
  if (reason === undefined) return ' - no logs yet';
  if (reason === 'ErrImagePull') return ": image can't be pulled";
  if (reason === 'ImagePullBackOff') return ': trying and failing to pull image';
  return `: ${reason}`;
}

async function previousPath(made: RuntimeContainer, { pod, logs }: LogsRequest): Promise<string> {
  const path = made.logPath && previousLogPath(made.logPath);
  if (path && (await isThere(path))) return path;
  const { name } = splitKey(pod);
  throw badRequest(`previous terminated container "${logs.container}" in pod "${name}" not found`);
}
