// Acting as somebody else: the headers that ask for it, and the rights that each of them takes.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
import type { IncomingMessage } from 'node:http';
import { badRequest } from '../../api/status-error.ts';
import type { User } from '../http/api-request.ts';
import type { ResourceAttributes } from './attributes.ts';
import { AUTHENTICATED_GROUP } from './authenticator.ts';
import type { Authorizer } from './authorizer.ts';
import { SERVICE_ACCOUNT_USER, serviceAccountGroups } from './service-account-tokens.ts';

const EXTRA_PREFIX = 'impersonate-extra-';
const AUTHENTICATION_GROUP = 'authentication.k8s.io';
const ANONYMOUS = 'system:anonymous';

/** The user whom the request acts as: `user` itself unless it asks for another. @throws StatusError Forbidden */
export function actingUser(user: User, { headersDistinct }: IncomingMessage, authorizer: Authorizer): User {
  const wanted = readHeaders(headersDistinct);
  if (!wanted) return user;
  for (const attributes of needed(wanted)) authorizer.require(user, attributes);
  return withImpliedGroups(wanted);
}

type Headers = IncomingMessage['headersDistinct'];

function readHeaders(headers: Headers): User | undefined {
  const name = headers['impersonate-user']?.[0];
  const groups = headers['impersonate-group'] ?? [];
  const uid = headers['impersonate-uid']?.[0];
  const extra = extraOf(headers);
  if (name) return { name, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
  if (groups.length > 0 || uid || extra) {
    throw badRequest('groups, uid and extra cannot be impersonated without a user: send Impersonate-User');
  }
  return undefined;
}

function extraOf(headers: Headers): Record<string, string[]> | undefined {
  const found = Object.entries(headers).filter(([name]) => name.startsWith(EXTRA_PREFIX));
  if (found.length === 0) return undefined;
  return Object.fromEntries(
    found.map(([name, values]) => [decoded(name.slice(EXTRA_PREFIX.length)), values ?? []]),
  );
}

/** As upstream, a key that is no percent-encoding counts as it is written. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key).toLowerCase();
  } catch (error) {
    if (error instanceof URIError) return key;
    throw error;
  }
}

function needed({ name, groups, uid, extra }: User): ResourceAttributes[] {
  const account = serviceAccount(name);
  const who = account
    ? attributes('', 'serviceaccounts', account.name, account.namespace)
    : attributes('', 'users', name);
  return [
    who,
    ...groups.map((group) => attributes('', 'groups', group)),
    ...(uid ? [attributes(AUTHENTICATION_GROUP, 'uids', uid)] : []),
    ...Object.entries(extra ?? {}).flatMap(([key, values]) =>
      values.map((value) => ({
        ...attributes(AUTHENTICATION_GROUP, 'userextras', value),
        subresource: key,
      })),
    ),
  ];
}

function attributes(group: string, resource: string, name: string, namespace = ''): ResourceAttributes {
  return { verb: 'impersonate', group, version: 'v1', resource, subresource: '', namespace, name };
}

function serviceAccount(user: string): { namespace: string; name: string } | undefined {
  if (!user.startsWith(SERVICE_ACCOUNT_USER)) return undefined;
  const [namespace, name, ...more] = user.slice(SERVICE_ACCOUNT_USER.length).split(':');
  return namespace && name && more.length === 0 ? { namespace, name } : undefined;
}

function withImpliedGroups(user: User): User {
  const account = serviceAccount(user.name);
  const given = account && user.groups.length === 0 ? serviceAccountGroups(account.namespace) : user.groups;
  if (user.name === ANONYMOUS || given.includes(AUTHENTICATED_GROUP)) return { ...user, groups: given };
  return { ...user, groups: [...given, AUTHENTICATED_GROUP] };
}
