// The ServiceAccount tokens of pods, as the Secret that each pod's board is sent: signed when it is published, kept
// by nobody here, renewed before four fifths of their life have passed, those of one length together.
// https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
import { type Pod, type Secret, type ServiceAccount, timestamp } from '../api/objects.ts';
import { type PodTokenSource, podTokenKey, podTokenSources, podTokensName } from '../api/pod-tokens.ts';
import type { Clock } from '../base/clock.ts';

/** A name and the uid that it has now. */
interface Named {
  name: string;
  uid: string;
}

export interface PodTokenWanted extends PodTokenSource {
  namespace: string;
  account: Named;
  /** The token ends with it. */
  pod: Named;
}

/** Whoever signs tokens. */
export interface PodTokenIssuer {
  issueForPod(wanted: PodTokenWanted): { token: string };
}

export interface PodTokensOptions {
  issuer: PodTokenIssuer;
  account(key: string): ServiceAccount | undefined;
  clock: Clock;
}

export interface PodTokenSet {
  /** `namespace/name` of the Secret. */
  key: string;
  /** Another one for each content. */
  generation: number;
  /** Signs. */
  secret(): Secret;
}

interface Issued {
  generation: number;
  accountUid: string;
  issuedMs: number;
  renewAtMs: number;
}

const RENEW_AT = 0.8;
/** Parts of a life: renewals fall on multiples of one, so that those of a board come in one message each hour. */
const GRID = 12;
/** A board without a clock of its own is told the time after its start: tokens of the wrong hour must not last. */
const LONGEST_WAIT_MS = 60_000;
const SHORTEST_WAIT_MS = 1_000;
/** Time servers set clocks back by a little; whoever checks a token allows for a minute. */
const CLOCK_SLACK_MS = 30_000;

export class PodTokens {
  readonly #options: PodTokensOptions;
  /** By the pod's uid. */
  readonly #issued = new Map<string, Issued>();
  #generation = 0;

  constructor(options: PodTokensOptions) {
    this.#options = options;
  }

  /** `undefined` for a pod that asks for none, and while its account is not there. */
  of(pod: Pod): PodTokenSet | undefined {
    const sources = podTokenSources(pod);
    if (sources.length === 0) return undefined;
    const { uid } = pod.metadata;
    const account = this.#options.account(accountKeyOf(pod));
    if (!account) {
      this.forget(uid);
      return undefined;
    }
    const { generation } = this.#current(uid, account, sources);
    const key = `${pod.metadata.namespace ?? ''}/${podTokensName(pod)}`;
    return { key, generation, secret: () => this.#sign(pod, account, sources) };
  }

  /** When to ask again for these pods, in milliseconds from now; `undefined` = for none of them. */
  waitMs(pods: Iterable<Pod>): number | undefined {
    let nextMs: number | undefined;
    for (const { metadata } of pods) {
      const renewAtMs = this.#issued.get(metadata.uid)?.renewAtMs;
      if (renewAtMs !== undefined) nextMs = Math.min(nextMs ?? renewAtMs, renewAtMs);
    }
    if (nextMs === undefined) return undefined;
    return Math.min(Math.max(nextMs - this.#options.clock.now(), SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
  }

  forget(uid: string): void {
    this.#issued.delete(uid);
  }

  /** Not of a time that has not come, either: the clock may have been set back. */
  #isFresh({ issuedMs, renewAtMs }: Issued): boolean {
    const nowMs = this.#options.clock.now();
    return issuedMs - CLOCK_SLACK_MS <= nowMs && nowMs < renewAtMs;
  }

  #current(uid: string, account: ServiceAccount, sources: readonly PodTokenSource[]): Issued {
    const known = this.#issued.get(uid);
    const accountUid = account.metadata.uid;
    if (known?.accountUid === accountUid && this.#isFresh(known)) return known;
    const issuedMs = this.#options.clock.now();
    const lives = sources.map(({ expirationSeconds }) => expirationSeconds * 1000);
    const renewAtMs = renewalOf(issuedMs, Math.min(...lives));
    this.#generation += 1;
    const made = { generation: this.#generation, accountUid, issuedMs, renewAtMs };
    this.#issued.set(uid, made);
    return made;
  }

  #sign(pod: Pod, account: ServiceAccount, sources: readonly PodTokenSource[]): Secret {
    const { namespace = '', name, uid } = pod.metadata;
    const who = { name: account.metadata.name, uid: account.metadata.uid };
    const data: Record<string, string> = {};
    for (const source of sources) {
      const wanted = { ...source, namespace, account: who, pod: { name, uid } };
      const { token } = this.#options.issuer.issueForPod(wanted);
      data[podTokenKey(source)] = Buffer.from(token).toString('base64');
    }
    return tokenSecret(pod, data, this.#options.clock.now());
  }
}

function renewalOf(issuedMs: number, lifeMs: number): number {
  const stepMs = Math.max(Math.floor(lifeMs / GRID / 1000) * 1000, 1000);
  return Math.floor((issuedMs + lifeMs * RENEW_AT) / stepMs) * stepMs;
}

/** With the pod's uid: that of a namesake is another Secret. */
function tokenSecret(pod: Pod, data: Record<string, string>, issuedMs: number): Secret {
  const { namespace, uid } = pod.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: podTokensName(pod),
      ...(namespace ? { namespace } : {}),
      uid,
      resourceVersion: '',
      creationTimestamp: timestamp(issuedMs),
    },
    type: 'edge-cluster.io/pod-tokens',
    data,
  };
}

/** The account that a pod runs as: its key. */
export const accountKeyOf = (pod: Pod): string =>
  `${pod.metadata.namespace ?? ''}/${pod.spec.serviceAccountName || 'default'}`;
