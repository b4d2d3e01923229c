// Pods run as a ServiceAccount of their namespace, `default` unless said, pull with its secrets, and have its token
// mounted unless it or they say no; a Secret that asks for an account's token gets it.
// https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#serviceaccount-admission-controller
import { generatedName } from '../../api/metadata.ts';
import type { KubeObject, Pod, Secret, ServiceAccount } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { isMirrorPod } from '../../api/static-pod.ts';
import { forbidden } from '../../api/status-error.ts';
import type { Store } from '../../store/store.ts';
import type { ServiceAccountTokens } from '../auth/service-account-tokens.ts';
import { storeKey } from '../registry/keys.ts';
import { resourceSubject } from '../registry/prepare.ts';
import { type AdmissionPlugin, isPods } from './admission.ts';
import { mountApiAccess } from './api-access-volume.ts';

const DEFAULT = 'default';
const TOKEN_TYPE = 'kubernetes.io/service-account-token';
const NAME_ANNOTATION = 'kubernetes.io/service-account.name';
const UID_ANNOTATION = 'kubernetes.io/service-account.uid';

export class ServiceAccountAdmission implements AdmissionPlugin {
  readonly #store: Store;
  readonly #tokens: ServiceAccountTokens;
  readonly #caPem: string;
  readonly #random: () => number;

  constructor(store: Store, tokens: ServiceAccountTokens, caPem: string, random: () => number) {
    this.#store = store;
    this.#tokens = tokens;
    this.#caPem = caPem;
    this.#random = random;
  }

  prepare(kind: KindDefinition, next: KubeObject): void {
    if (isPods(kind)) this.#preparePod(kind, next as Pod);
    else if (isSecrets(kind)) this.#prepareSecret(kind, next as Secret);
  }

  #preparePod(kind: KindDefinition, pod: Pod): void {
    if (isMirrorPod(pod)) return;
    const { spec } = pod;
    spec.serviceAccountName ||= spec.serviceAccount || DEFAULT;
    // As upstream's conversion: the old name of the field always says the same.
    spec.serviceAccount = spec.serviceAccountName;
    const account = this.#account(pod.metadata.namespace, spec.serviceAccountName);
    // A new namespace has its default account a moment later: pods may come first, and their tokens wait for it.
    if (!account && spec.serviceAccountName !== DEFAULT) throw missing(kind, pod, spec.serviceAccountName);
    if (!spec.imagePullSecrets?.length && account?.imagePullSecrets?.length) {
      spec.imagePullSecrets = structuredClone(account.imagePullSecrets);
    }
    if (spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true) {
      mountApiAccess(spec, (base) => generatedName(base, this.#random));
    }
  }

  #prepareSecret(kind: KindDefinition, secret: Secret): void {
    if (secret.type !== TOKEN_TYPE) return;
    const { namespace = '', name, annotations = {} } = secret.metadata;
    const account = this.#account(namespace, annotations[NAME_ANNOTATION] ?? '');
    const uid = account?.metadata.uid;
    if (!account || !uid || (annotations[UID_ANNOTATION] && annotations[UID_ANNOTATION] !== uid)) {
      throw missing(kind, secret, annotations[NAME_ANNOTATION] ?? '');
    }
    secret.metadata.annotations = { ...annotations, [UID_ANNOTATION]: uid };
    const token = this.#tokens.issueForSecret(namespace, { name: account.metadata.name, uid }, name);
    secret.data = {
      ...secret.data,
      token: base64(token),
      namespace: base64(namespace),
      'ca.crt': base64(this.#caPem),
    };
  }

  #account(namespace: string | undefined, name: string): ServiceAccount | undefined {
    const accounts = { group: '', plural: 'serviceaccounts', namespaced: true };
    return this.#store.get(storeKey(accounts, namespace, name))?.value as ServiceAccount | undefined;
  }
}

const isSecrets = ({ group, plural }: KindDefinition): boolean => group === '' && plural === 'secrets';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function missing(kind: KindDefinition, { metadata }: KubeObject, account: string) {
  const why = `error looking up service account ${metadata.namespace}/${account}: serviceaccount "${account}" not found`;
  return forbidden(resourceSubject(kind, metadata.name), why);
}
