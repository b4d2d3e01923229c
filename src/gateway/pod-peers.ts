// Who a pod is that connects to the broker with its ServiceAccount token, and about what it may publish numbers:
// itself, and the controllers above it. The token must be bound to a pod and made for the audience `mqtt`, which a
// pod asks for with a projected volume.
// https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
import { jobs } from '../api/kinds/job.ts';
import { pods } from '../api/kinds/pod.ts';
import { replicaSets } from '../api/kinds/replica-set.ts';
import type { KubeObject } from '../api/objects.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import { type PodPeer, subjectOf } from '../mqtt/access.ts';

/** For which tokens are made that open the broker and nothing else. */
export const MQTT_AUDIENCE = 'mqtt';

/** Whoever signs tokens reads them, too. */
export interface TokenVerifier {
  /** `undefined` unless it is ours, in time, for one of the audiences, and what it is bound to is there. */
  verify(
    token: string,
    audiences: readonly string[],
  ): { user: { name: string; extra?: Readonly<Record<string, readonly string[]>> } } | undefined;
}

const POD_NAME = 'authentication.kubernetes.io/pod-name';
const ACCOUNT = /^system:serviceaccount:([^:]+):[^:]+$/;

export class PodPeers {
  readonly #verifier: TokenVerifier;
  readonly #informers: InformerFactory;

  /** Construct before the informers start. */
  constructor(verifier: TokenVerifier, informers: InformerFactory) {
    this.#verifier = verifier;
    this.#informers = informers;
  }

  /** `undefined` for a token that opens nothing here. */
  identify(token: string): PodPeer | undefined {
    const user = this.#verifier.verify(token, [MQTT_AUDIENCE])?.user;
    const namespace = ACCOUNT.exec(user?.name ?? '')?.[1];
    const name = user?.extra?.[POD_NAME]?.[0];
    if (!namespace || !name) return undefined;
    const pod = this.#informers.for(pods).lister.get(`${namespace}/${name}`);
    const above = pod ? this.#above(namespace, pod) : [];
    return { role: 'pod', namespace, name, subjects: new Set([subjectOf('Pod', name), ...above]) };
  }

  /** Its controller, and the controller of that. */
  #above(namespace: string, object: KubeObject): string[] {
    const owner = object.metadata.ownerReferences?.find(({ controller }) => controller);
    if (!owner) return [];
    const known = this.#find(owner.kind, `${namespace}/${owner.name}`);
    const isSame = known?.metadata.uid === owner.uid;
    return [subjectOf(owner.kind, owner.name), ...(known && isSame ? this.#above(namespace, known) : [])];
  }

  /** Of the kinds that have controllers themselves. */
  #find(kind: string, key: string): KubeObject | undefined {
    if (kind === replicaSets.kind) return this.#informers.for(replicaSets).lister.get(key);
    return kind === jobs.kind ? this.#informers.for(jobs).lister.get(key) : undefined;
  }
}
