// ServiceAccount tokens: who they are for, to whom they may be shown, how long they last and what they end with.
// A token counts only while its account, and the pod or Secret it is bound to, exist unchanged.
// https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
import type { KubeObject } from '../../api/objects.ts';
import type { Clock } from '../../base/clock.ts';
import type { TokenClaims, TokenKey } from '../../pki/token-key.ts';
import type { Store } from '../../store/store.ts';
import type { User } from '../http/api-request.ts';
import { storeKey } from '../registry/keys.ts';

export const SERVICE_ACCOUNT_USER = 'system:serviceaccount:';
const LEGACY_ISSUER = 'kubernetes/serviceaccount';
const LEGACY = 'kubernetes.io/serviceaccount';
/** Who signs, and the first audience of tokens that name none. */
export const ISSUER = 'https://kubernetes.default.svc.cluster.local';
export const API_AUDIENCES: readonly string[] = [ISSUER, 'https://kubernetes.default.svc'];

/** A name and the uid that it must still have. */
export interface Named {
  name: string;
  uid: string;
}

export interface TokenBinding {
  kind: 'Pod' | 'Secret';
  object: Named;
}

export interface TokenWanted {
  namespace: string;
  account: Named;
  audiences: readonly string[];
  expirationSeconds: number;
  binding?: TokenBinding | undefined;
}

export interface PodTokenWanted {
  namespace: string;
  account: Named;
  pod: Named;
  /** Empty = the API server. */
  audience: string;
  expirationSeconds: number;
}

export interface VerifiedToken {
  user: User;
  /** Those of the token that the caller accepts. */
  audiences: readonly string[];
}

const PLURALS = { Pod: 'pods', Secret: 'secrets' } as const;

export class ServiceAccountTokens {
  readonly #key: TokenKey;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #newId: () => string;

  constructor(key: TokenKey, store: Store, clock: Clock, newId: () => string) {
    this.#key = key;
    this.#store = store;
    this.#clock = clock;
    this.#newId = newId;
  }

  /** Of the signatures, such as RS256. */
  get algorithm(): string {
    return this.#key.algorithm;
  }

  /** The public half, as a JSON Web Key Set. */
  get keySet(): object {
    return { keys: [this.#key.jwk] };
  }

  /** @returns the token and when it ends, in milliseconds since the epoch. */
  issue(wanted: TokenWanted): { token: string; expiresMs: number } {
    const nowSeconds = Math.floor(this.#clock.now() / 1000);
    const exp = nowSeconds + wanted.expirationSeconds;
    const { namespace, account, binding } = wanted;
    const token = this.#key.sign({
      iss: ISSUER,
      sub: `${SERVICE_ACCOUNT_USER}${namespace}:${account.name}`,
      aud: wanted.audiences,
      iat: nowSeconds,
      nbf: nowSeconds,
      exp,
      jti: this.#newId(),
      'kubernetes.io': {
        namespace,
        serviceaccount: account,
        ...(binding ? { [binding.kind.toLowerCase()]: binding.object } : {}),
      },
    });
    return { token, expiresMs: exp * 1000 };
  }

  /** As a kubelet elsewhere asks for by TokenRequest; no audience = this API server. */
  issueForPod(wanted: PodTokenWanted): { token: string; expiresMs: number } {
    const { namespace, account, expirationSeconds, audience, pod: object } = wanted;
    const audiences = audience ? [audience] : API_AUDIENCES;
    const binding = { kind: 'Pod' as const, object };
    return this.issue({ namespace, account, audiences, expirationSeconds, binding });
  }

  /** For a Secret of type kubernetes.io/service-account-token: without an end of its own. */
  issueForSecret(namespace: string, account: Named, secretName: string): string {
    return this.#key.sign({
      iss: LEGACY_ISSUER,
      [`${LEGACY}/namespace`]: namespace,
      [`${LEGACY}/secret.name`]: secretName,
      [`${LEGACY}/service-account.name`]: account.name,
      [`${LEGACY}/service-account.uid`]: account.uid,
      sub: `${SERVICE_ACCOUNT_USER}${namespace}:${account.name}`,
    });
  }

  /** `undefined` unless the token is ours, in time, for one of `audiences`, and all it is bound to is there. */
  verify(token: string, audiences: readonly string[] = API_AUDIENCES): VerifiedToken | undefined {
    const claims = this.#key.verify(token);
    if (!claims) return undefined;
    return claims.iss === LEGACY_ISSUER
      ? this.#verifyLegacy(token, claims, audiences)
      : this.#verifyBound(claims, audiences);
  }

  #verifyBound(claims: TokenClaims, audiences: readonly string[]): VerifiedToken | undefined {
    const { namespace, serviceaccount, pod, secret } = privateClaims(claims);
    const common = stringsOf(claims.aud).filter((audience) => audiences.includes(audience));
    if (claims.iss !== ISSUER || common.length === 0 || !this.#isInTime(claims)) return undefined;
    if (!namespace || !serviceaccount || !this.#exists('serviceaccounts', namespace, serviceaccount)) {
      return undefined;
    }
    if (pod && !this.#exists(PLURALS.Pod, namespace, pod)) return undefined;
    if (secret && !this.#exists(PLURALS.Secret, namespace, secret)) return undefined;
    const id = typeof claims.jti === 'string' ? [`JTI=${claims.jti}`] : [];
    const extra = {
      ...(pod ? podExtra(pod) : {}),
      ...(id.length > 0 ? { 'authentication.kubernetes.io/credential-id': id } : {}),
    };
    return { user: { ...accountUser(namespace, serviceaccount), extra }, audiences: common };
  }

  /** Also the Secret must still hold this very token: so that deleting or changing it takes the right away. */
  #verifyLegacy(token: string, claims: TokenClaims, audiences: readonly string[]): VerifiedToken | undefined {
    const namespace = String(claims[`${LEGACY}/namespace`]);
    const name = String(claims[`${LEGACY}/service-account.name`]);
    const account = { name, uid: String(claims[`${LEGACY}/service-account.uid`]) };
    const secret = this.#find('secrets', namespace, String(claims[`${LEGACY}/secret.name`])) as
      | (KubeObject & { data?: Record<string, string> })
      | undefined;
    if (!secret || Buffer.from(secret.data?.token ?? '', 'base64').toString() !== token) return undefined;
    const common = API_AUDIENCES.filter((audience) => audiences.includes(audience));
    if (common.length === 0 || !this.#exists('serviceaccounts', namespace, account)) return undefined;
    return { user: accountUser(namespace, account), audiences: common };
  }

  #isInTime({ exp, nbf }: TokenClaims): boolean {
    const nowSeconds = this.#clock.now() / 1000;
    return typeof exp === 'number' && exp > nowSeconds && typeof nbf === 'number' && nbf <= nowSeconds + 60;
  }

  #exists(plural: string, namespace: string, { name, uid }: Named): boolean {
    return this.#find(plural, namespace, name)?.metadata.uid === uid;
  }

  #find(plural: string, namespace: string, name: string): KubeObject | undefined {
    return this.#store.get(storeKey({ group: '', plural, namespaced: true }, namespace, name))?.value;
  }
}

interface PrivateClaims {
  namespace?: string;
  serviceaccount?: Named;
  pod?: Named;
  secret?: Named;
}

/** What is read here was signed by us, so its shape is known. */
const privateClaims = (claims: TokenClaims): PrivateClaims =>
  (claims['kubernetes.io'] as PrivateClaims | undefined) ?? {};

const stringsOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');

const accountUser = (namespace: string, { name, uid }: Named): User => ({
  name: `${SERVICE_ACCOUNT_USER}${namespace}:${name}`,
  uid,
  groups: serviceAccountGroups(namespace),
});

export const serviceAccountGroups = (namespace: string): string[] => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
  'system:authenticated',
];

const podExtra = ({ name, uid }: Named) => ({
  'authentication.kubernetes.io/pod-name': [name],
  'authentication.kubernetes.io/pod-uid': [uid],
});
