// The user that a board is: its certificate names it, and it belongs to the group of boards. Both are needed.
// https://kubernetes.io/docs/reference/access-authn-authz/node/
import { NODE_USER_PREFIX, NODES_GROUP } from '../../pki/node-certificate.ts';
import type { User } from '../http/api-request.ts';

/** `undefined` for whoever is no board. */
export function nodeNameOf({ name, groups }: User): string | undefined {
  if (!groups.includes(NODES_GROUP) || !name.startsWith(NODE_USER_PREFIX)) return undefined;
  return name.slice(NODE_USER_PREFIX.length) || undefined;
}
