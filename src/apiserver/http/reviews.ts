// Answers what clients ask about rights and identities: may I, may they, who am I, whose token is this.
// https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/
import type {
  NonResourceAttributes,
  ResourceAttributes as ReviewedResource,
  SubjectAccessReviewSpec,
} from 'kubernetes-types/authorization/v1.js';
import type { KubeObject } from '../../api/objects.ts';
import type { Schema } from '../../api/schema/schema.ts';
import { apiVersionOf, type KindDefinition } from '../../api/scheme.ts';
import {
  badRequest,
  type FieldError,
  invalid,
  methodNotAllowed,
  notAcceptable,
} from '../../api/status-error.ts';
import type { Attributes } from '../auth/attributes.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import { API_AUDIENCES } from '../auth/service-account-tokens.ts';
import { formOf } from './accept.ts';
import { type ApiRequest, header, type User } from './api-request.ts';
import { readBody } from './body.ts';
import { decodeObject, parseBody } from './decode.ts';
import { fieldValidation } from './query.ts';
import type { ResourcePath } from './resource-path.ts';
import { addWarnings, sendJson } from './respond.ts';

export interface ReviewServices {
  authenticator: Authenticator;
  authorizer: Authorizer;
  schema(): Promise<Schema>;
}

/** A decoded review; its spec is as the schema says. */
type Review = KubeObject & {
  spec?: SubjectAccessReviewSpec & { token?: string; audiences?: string[]; namespace?: string };
};

/** @throws StatusError when the review cannot be read or is not complete. */
export async function answerReview(
  services: ReviewServices,
  kind: KindDefinition,
  request: ApiRequest,
  path: ResourcePath,
): Promise<void> {
  if (request.method !== 'POST') {
    throw methodNotAllowed('the server does not allow this method on the requested resource');
  }
  if (formOf(header(request, 'accept')).as !== 'object') {
    throw notAcceptable('only the following media types are accepted: application/json');
  }
  const parsed = await parseBody(await readBody(request.incoming), header(request, 'content-type'));
  const validation = fieldValidation(request.query);
  const { object, warnings } = decodeObject(await services.schema(), kind, parsed, validation);
  addWarnings(request.response, warnings);
  const status = statusOf(services, kind, object as Review, request.user!, path);
  const typed = { kind: kind.kind, apiVersion: apiVersionOf(kind) };
  const metadata = { ...object.metadata, creationTimestamp: null };
  sendJson(request.response, 201, { ...object, ...typed, metadata, status });
}

function statusOf(
  { authorizer, authenticator }: ReviewServices,
  kind: KindDefinition,
  review: Review,
  user: User,
  path: ResourcePath,
): object {
  const spec = review.spec ?? {};
  switch (kind.kind) {
    case 'SelfSubjectReview':
      return { userInfo: userInfo(user) };
    case 'TokenReview':
      return reviewToken(authenticator, spec.token ?? '', spec.audiences ?? []);
    case 'SelfSubjectRulesReview':
      return reviewRules(authorizer, user, spec.namespace ?? '');
    case 'SelfSubjectAccessReview':
      return access(authorizer, user, attributesOf(kind, spec));
    default:
      return access(authorizer, subjectOf(kind, spec), inNamespace(kind, attributesOf(kind, spec), path));
  }
}

function access(authorizer: Authorizer, user: User, attributes: Attributes): object {
  const { allowed, reason } = authorizer.decide(user, attributes);
  return { allowed, ...(reason ? { reason } : {}) };
}

function attributesOf(kind: KindDefinition, spec: SubjectAccessReviewSpec): Attributes {
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (!resourceAttributes === !nonResourceAttributes) {
    const message = resourceAttributes
      ? 'cannot be specified in combination with resourceAttributes'
      : 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    throw incomplete(kind, 'spec.nonResourceAttributes', message);
  }
  return resourceAttributes ? ofResource(resourceAttributes) : ofPath(nonResourceAttributes ?? {});
}

const ofPath = ({ path = '', verb = '' }: NonResourceAttributes): Attributes => ({ path, verb });

const ofResource = (asked: ReviewedResource): Attributes => ({
  verb: asked.verb ?? '',
  group: asked.group ?? '',
  version: asked.version ?? '',
  resource: asked.resource ?? '',
  subresource: asked.subresource ?? '',
  namespace: asked.namespace ?? '',
  name: asked.name ?? '',
});

function subjectOf(kind: KindDefinition, { user, groups, uid, extra }: SubjectAccessReviewSpec): User {
  if (!user && !groups?.length) {
    throw incomplete(kind, 'spec.user', 'at least one of user or group must be specified');
  }
  return { name: user ?? '', groups: groups ?? [], ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
}

/** A local review speaks of its own namespace only. */
function inNamespace(kind: KindDefinition, attributes: Attributes, { namespace }: ResourcePath): Attributes {
  if (!kind.namespaced) return attributes;
  if (!('path' in attributes) && attributes.namespace === namespace) return attributes;
  throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
}

function reviewRules(authorizer: Authorizer, user: User, namespace: string): object {
  if (namespace === '') throw badRequest('no namespace on request');
  const rules = authorizer.rulesFor(user, namespace);
  return {
    resourceRules: rules
      .filter(({ resources }) => resources?.length)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        resourceNames,
      })),
    nonResourceRules: rules
      .filter(({ nonResourceURLs }) => nonResourceURLs?.length)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  };
}

function reviewToken(authenticator: Authenticator, token: string, audiences: readonly string[]): object {
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const found = authenticator.byToken(token, audiences.length > 0 ? audiences : API_AUDIENCES);
  if (!found) return { authenticated: false, error: 'the token is not valid, or not for these audiences' };
  return {
    authenticated: true,
    user: userInfo(found.user),
    ...(audiences.length > 0 ? { audiences: found.audiences } : {}),
  };
}

const userInfo = ({ name, uid, groups, extra }: User): object => ({
  username: name,
  ...(uid ? { uid } : {}),
  groups,
  ...(extra ? { extra } : {}),
});

function incomplete({ group, kind }: KindDefinition, field: string, message: string) {
  const error: FieldError = { reason: 'FieldValueInvalid', field, message: `Invalid value: ${message}` };
  return invalid({ group, kind, name: '' }, [error]);
}
