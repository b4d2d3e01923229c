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
import { relayLog } from './log-relay.ts';
import type { Registry } from './registry/registry.ts';
import type { Sessions } from './sessions.ts';
import type { BoardSession } from './streams/board-session.ts';
import { containerOf, dialBoard } from './streams/pod-target.ts';

export class PodLogs {
  readonly #sessions: Sessions;
  readonly #clock: Clock;

  constructor(sessions: Sessions, clock: Clock) {
    this.#sessions = sessions;
    this.#clock = clock;
  }

  async handle(request: ResourceRequest): Promise<void> {
    const { api, services } = request;
    const session = await this.open(services.registry, keyOfRequest(request), api.query);
    if (session) await services.lasting.during(api, api.response, () => relayLog(session, api.response));
    else sendText(api.response, 200, '');
  }

  /** As upstream: a pod that no board has got yet has an empty log (`undefined`). @throws StatusError */
  async open(registry: Registry, key: string, query: URLSearchParams): Promise<BoardSession | undefined> {
    const pod = registry.get(pods, key);
    const logs = logOptions(query, pod, this.#clock.now());
    return pod.spec.nodeName ? dialBoard(this.#sessions, pod, { kind: 'logs', logs }) : undefined;
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
