// Who may do what. There are three sorts of clients: administrators, boards, and everybody.
import { forbidden, methodNotAllowed, type StatusError, unauthorized } from '../../api/status-error.ts';
import type { User } from './api-request.ts';

const ADMIN_GROUP = 'system:masters';

const PUBLIC_GETS = /^\/(version|healthz|livez|readyz)(\/|$)|^\/edge\/v1\/ca$/;
const PUBLIC_JOIN = '/edge/v1/join';

/** Boards speak MQTT; over HTTP they only serve sessions, which are checked where they are taken. */
export function authorize(user: User | undefined, method: string, path: string): void {
  if (isPublic(method, path) || user?.groups.includes(ADMIN_GROUP)) return;
  throw user ? denied(user, method, path) : unauthorized();
}

function isPublic(method: string, path: string): boolean {
  if (path === PUBLIC_JOIN) {
    if (method !== 'POST') throw methodNotAllowed('joining is a POST');
    return true;
  }
  return (method === 'GET' || method === 'HEAD') && PUBLIC_GETS.test(path);
}

function denied(user: User, method: string, path: string): StatusError {
  const subject = { group: '', kind: 'path', name: path };
  return forbidden(subject, `User "${user.name}" cannot ${method.toLowerCase()} path "${path}"`);
}
