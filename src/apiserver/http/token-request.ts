// POST serviceaccounts/NAME/token: a token for an account, for who may ask for one, bound to a pod or Secret at
// will. https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
import type { TokenRequest } from 'kubernetes-types/authentication/v1.js';
import type { KubeObject, Pod } from '../../api/objects.ts';
import { timestamp } from '../../api/objects.ts';
import type { Schema } from '../../api/schema/schema.ts';
import {
  conflict,
  type FieldError,
  forbidden,
  invalid,
  methodNotAllowed,
  notFound,
} from '../../api/status-error.ts';
import type { Store } from '../../store/store.ts';
import { nodeNameOf } from '../auth/node-user.ts';
import {
  API_AUDIENCES,
  type ServiceAccountTokens,
  type TokenBinding,
} from '../auth/service-account-tokens.ts';
import { storeKey } from '../registry/keys.ts';
import { type ApiRequest, header } from './api-request.ts';
import { readBody } from './body.ts';
import { decodeObject, parseBody } from './decode.ts';
import { fieldValidation } from './query.ts';
import type { ResourcePath } from './resource-path.ts';
import { addWarnings, sendJson } from './respond.ts';

export interface TokenRequestServices {
  store: Store;
  tokens: ServiceAccountTokens;
  schema(): Promise<Schema>;
}

const KIND = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' } as const;
const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
/** Upstream's bound is 2^32; a token that outlives the board helps nobody. */
const MAX_SECONDS = 2 ** 32;

/** @throws StatusError NotFound for an account or bound object that is not there, Invalid. */
export async function answerTokenRequest(
  services: TokenRequestServices,
  request: ApiRequest,
  path: ResourcePath,
): Promise<void> {
  if (request.method !== 'POST') {
    throw methodNotAllowed('the server does not allow this method on the requested resource');
  }
  const { namespace = '', name = '' } = path;
  const account = find(services.store, 'serviceaccounts', namespace, name);
  const parsed = await parseBody(await readBody(request.incoming), header(request, 'content-type'));
  const decoded = decodeObject(await services.schema(), KIND, parsed, fieldValidation(request.query));
  addWarnings(request.response, decoded.warnings);
  const asked = decoded.object as unknown as TokenRequest;
  const spec = asked.spec ?? {};
  const expirationSeconds = checkedSeconds(spec.expirationSeconds ?? DEFAULT_SECONDS, name);
  const audiences = spec.audiences?.length ? spec.audiences : [...API_AUDIENCES];
  const binding = bindingOf(services.store, namespace, account, spec.boundObjectRef);
  requireOwnPod(request, services.store, path, spec.boundObjectRef);
  const { token, expiresMs } = services.tokens.issue({
    namespace,
    account: { name, uid: account.metadata.uid },
    audiences,
    expirationSeconds,
    binding,
  });
  sendJson(request.response, 201, {
    kind: KIND.kind,
    apiVersion: `${KIND.group}/${KIND.version}`,
    metadata: { name, namespace, creationTimestamp: null },
    spec: { ...spec, audiences, expirationSeconds },
    status: { token, expirationTimestamp: timestamp(expiresMs) },
  });
}

/** A board gets tokens for its own pods, of which each says to whom it belongs. @throws StatusError Forbidden */
function requireOwnPod(
  { user }: ApiRequest,
  store: Store,
  { namespace = '', name = '' }: ResourcePath,
  reference: Reference | undefined,
): void {
  const node = user && nodeNameOf(user);
  if (node === undefined) return;
  const refuse = (why: string) => forbidden({ group: '', kind: 'serviceaccounts', name }, why);
  if (reference?.kind !== 'Pod') throw refuse('node requested token not bound to a pod');
  if (!reference.uid) throw refuse('node requested token with a pod binding without a uid');
  const pod = find(store, 'pods', namespace, reference.name ?? '') as Pod;
  if (pod.spec.nodeName !== node) {
    throw refuse('node requested token bound to a pod scheduled on a different node');
  }
}

function checkedSeconds(seconds: number, name: string): number {
  const why =
    seconds < MIN_SECONDS
      ? 'may not specify a duration less than 10 minutes'
      : seconds > MAX_SECONDS
        ? 'may not specify a duration larger than 2^32 seconds'
        : undefined;
  if (!why) return seconds;
  const message = `Invalid value: ${seconds}: ${why}`;
  const error: FieldError = { reason: 'FieldValueInvalid', field: 'spec.expirationSeconds', message };
  throw invalid({ group: KIND.group, kind: KIND.kind, name }, [error]);
}

type Reference = NonNullable<TokenRequest['spec']['boundObjectRef']>;

function bindingOf(
  store: Store,
  namespace: string,
  account: KubeObject,
  reference: Reference | undefined,
): TokenBinding | undefined {
  if (!reference) return undefined;
  const { kind, name = '', uid } = reference;
  if (kind !== 'Pod' && kind !== 'Secret') {
    const message = `Unsupported value: ${JSON.stringify(kind)}: supported values: "Pod", "Secret"`;
    const error: FieldError = {
      reason: 'FieldValueNotSupported',
      field: 'spec.boundObjectRef.kind',
      message,
    };
    throw invalid({ group: KIND.group, kind: KIND.kind, name: account.metadata.name }, [error]);
  }
  const plural = kind === 'Pod' ? 'pods' : 'secrets';
  const bound = find(store, plural, namespace, name);
  const subject = { group: '', kind: plural, name };
  if (uid && uid !== bound.metadata.uid) {
    throw conflict(
      subject,
      `the UID in the bound object reference (${uid}) does not match the UID in record`,
    );
  }
  const runsAs = (bound as KubeObject & { spec?: { serviceAccountName?: string } }).spec?.serviceAccountName;
  if (kind === 'Pod' && runsAs !== account.metadata.name) {
    throw forbidden(subject, `it runs as ServiceAccount ${runsAs}, not ${account.metadata.name}`);
  }
  return { kind, object: { name, uid: bound.metadata.uid } };
}

function find(store: Store, plural: string, namespace: string, name: string): KubeObject {
  const found = store.get(storeKey({ group: '', plural, namespaced: true }, namespace, name))?.value;
  if (!found) throw notFound({ group: '', kind: plural, name });
  return found;
}
