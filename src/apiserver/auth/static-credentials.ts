// Tokens and passwords from files that the administrator keeps: read once at start, compared in constant time.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file
import { createHash, timingSafeEqual } from 'node:crypto';
import type { User } from '../http/api-request.ts';

export interface StaticCredential {
  /** The token, or the password. */
  secret: string;
  user: User;
}

/**
 * Lines of `secret,user,uid[,"group1,group2"]`; empty lines and lines that begin with # are passed over.
 * @throws Error naming the line that cannot be read.
 */
export function parseCredentials(text: string, source: string): StaticCredential[] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === '' || line.startsWith('#')) return [];
    const [secret, name, uid, groups] = fieldsOf(line);
    if (!secret || !name || uid === undefined) {
      throw new Error(`${source}, line ${i + 1}: must be secret,user,uid and groups at will`);
    }
    const list = (groups ?? '').split(',').map((group) => group.trim());
    const user = { name, groups: [...list.filter((group) => group !== ''), AUTHENTICATED] };
    return [{ secret, user: uid === '' ? user : { ...user, uid } }];
  });
}

const AUTHENTICATED = 'system:authenticated';

/** A field and the comma behind it. */
const FIELD = /\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*,/y;

/** One line of comma separated values (RFC 4180). */
function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  const pattern = new RegExp(FIELD);
  const ended = `${line},`;
  while (pattern.lastIndex < ended.length) {
    const match = pattern.exec(ended);
    if (!match) return [];
    fields.push(match[1] === undefined ? (match[2] ?? '').trim() : match[1].replaceAll('""', '"'));
  }
  return fields;
}

export class StaticCredentials {
  readonly #tokens: ReadonlyMap<string, User>;
  readonly #passwords: ReadonlyMap<string, StaticCredential>;

  constructor(tokens: readonly StaticCredential[], passwords: readonly StaticCredential[]) {
    // By digest: how long a look-up takes tells nothing about a token.
    this.#tokens = new Map(tokens.map(({ secret, user }) => [digest(secret).toString('hex'), user]));
    this.#passwords = new Map(passwords.map((credential) => [credential.user.name, credential]));
  }

  byToken(token: string): User | undefined {
    return this.#tokens.get(digest(token).toString('hex'));
  }

  byPassword(name: string, password: string): User | undefined {
    const known = this.#passwords.get(name);
    // Compared also when there is none, so that the time does not tell which names exist.
    const isSame = timingSafeEqual(digest(password), digest(known?.secret ?? ''));
    return known && isSame && password !== '' ? known.user : undefined;
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
