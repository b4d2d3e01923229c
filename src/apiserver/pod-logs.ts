// GET pods/NAME/log: finds out what is asked for, lets the board dial back and relays its stream.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-read-log-of-the-specified-pod
import { pods } from '../api/kinds/pod.ts';
import type { Pod } from '../api/objects.ts';
import type { LogOptions } from '../api/session.ts';
import { badRequest } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import { booleanParameter, numberParameter } from './http/query.ts';
import { keyOfRequest, type ResourceRequest } from './http/resource-handler.ts';
import { sendText } from './http/respond.ts';
import { LogRelay } from './log-relay.ts';
import type { Sessions } from './sessions.ts';

export class PodLogs {
  readonly #sessions: Sessions;
  readonly #clock: Clock;

  constructor(sessions: Sessions, clock: Clock) {
    this.#sessions = sessions;
    this.#clock = clock;
  }

  async handle(request: ResourceRequest): Promise<void> {
    const { api, services } = request;
    const key = keyOfRequest(request);
    const pod = services.registry.get(pods, key);
    const options = logOptions(api.query, pod, this.#clock.now());
    const { nodeName } = pod.spec;
    // As upstream: a pod that no board has got yet has an empty log.
    if (!nodeName) return sendText(api.response, 200, '');
    const board = await this.#sessions.dialLogs(nodeName, { key, uid: pod.metadata.uid }, options);
    await new LogRelay(board, api.response).run();
  }
}

function logOptions(query: URLSearchParams, pod: Pod, nowMs: number): LogOptions {
  const sinceTime = sinceTimeOf(query, nowMs);
  const tailLines = numberParameter(query, 'tailLines');
  const limitBytes = numberParameter(query, 'limitBytes');
  if (limitBytes === 0) throw badRequest('limitBytes must be greater than 0');
  return {
    container: containerOf(query.get('container') || undefined, pod),
    follow: booleanParameter(query, 'follow'),
    previous: booleanParameter(query, 'previous'),
    timestamps: booleanParameter(query, 'timestamps'),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(sinceTime === undefined ? {} : { sinceTime }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
  };
}

function sinceTimeOf(query: URLSearchParams, nowMs: number): string | undefined {
  const seconds = numberParameter(query, 'sinceSeconds');
  const time = query.get('sinceTime') || undefined;
  if (seconds !== undefined && time !== undefined)
    throw badRequest('give sinceSeconds or sinceTime, not both');
  if (seconds !== undefined) return new Date(nowMs - seconds * 1000).toISOString();
  if (time !== undefined && Number.isNaN(Date.parse(time)))
    throw badRequest(`sinceTime "${time}" is no RFC 3339 time`);
  return time;
}

/** Upstream's words for a container that is missing or not there. */
function containerOf(wanted: string | undefined, pod: Pod): string {
  const names = pod.spec.containers.map((container) => container.name);
  const init = (pod.spec.initContainers ?? []).map((container) => container.name);
  const { name } = pod.metadata;
  if (wanted !== undefined) {
    if (names.includes(wanted) || init.includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  const only = names[0];
  if (names.length === 1 && only !== undefined) return only;
  const alsoInit = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : '';
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]${alsoInit}`,
  );
}
