// The credentials in Secrets of the types kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg, and which of
// them fit an image. https://kubernetes.io/docs/concepts/containers/images/#config-json
import type { Secret } from '../../api/objects.ts';
import { parseReference } from './image-reference.ts';
import type { RegistryAuth } from './registry-auth.ts';

interface KeyringEntry {
  /** Such as `registry.local:5000`, `*.local` or `registry.local/team`. */
  place: string;
  auth: RegistryAuth;
}

export type Keyring = readonly KeyringEntry[];

/** @throws Error saying what of the Secret cannot be used. */
export function keyringOf(secret: Secret): Keyring {
  const { name = '' } = secret.metadata;
  const [key, isNested] =
    secret.type === 'kubernetes.io/dockercfg' ? ['.dockercfg', false] : ['.dockerconfigjson', true];
  const data = secret.data?.[key];
  if (data === undefined) throw new Error(`Secret "${name}" has no key ${key}`);
  const content = parsed(data, name);
  const places = isNested ? fieldsOf(content).auths : content;
  return Object.entries(fieldsOf(places)).flatMap(([place, value]) => {
    const auth = authOf(fieldsOf(value));
    return auth ? [{ place: placeOf(place), auth }] : [];
  });
}

/** All that fit, those of the longest path first; the same credentials only once. */
export function credentialsFor(keyring: Keyring, image: string): RegistryAuth[] {
  const { registry, repository } = parseReference(image);
  const fitting = keyring.filter(({ place }) => fits(place, registry, repository));
  const sorted = fitting.toSorted((a, b) => b.place.length - a.place.length);
  return [...new Map(sorted.map(({ auth }) => [JSON.stringify(auth), auth])).values()];
}

function parsed(data: string, name: string): unknown {
  try {
    return JSON.parse(Buffer.from(data, 'base64').toString('utf8'));
  } catch {
    throw new Error(`Secret "${name}" does not hold JSON`);
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

function authOf(fields: Record<string, unknown>): RegistryAuth | undefined {
  const identityToken = textOf(fields.identitytoken);
  const pair = Buffer.from(textOf(fields.auth) ?? '', 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  const username = textOf(fields.username) ?? (colon < 0 ? undefined : pair.slice(0, colon));
  const password =
    textOf(fields.password) ?? (colon < 0 ? undefined : pair.slice(colon + 1).replace(/\0+$/, ''));
  if (identityToken) return { identityToken, ...(username ? { username } : {}) };
  return username === undefined || password === undefined ? undefined : { username, password };
}

/** `https://index.docker.io/v1/` is what `docker login` writes for Docker's own registry. */
function placeOf(text: string): string {
  const bare = text.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, '');
  return bare.replace(/^(index\.|registry-1\.)?docker\.io/, 'docker.io');
}

function fits(place: string, registry: string, repository: string): boolean {
  const slash = place.indexOf('/');
  const host = slash < 0 ? place : place.slice(0, slash);
  const path = slash < 0 ? '' : place.slice(slash + 1);
  return fitsHost(host, registry) && (path === '' || `${repository}/`.startsWith(`${path}/`));
}

/** A `*` stands within one part of a name; the ports must be the same. */
function fitsHost(pattern: string, registry: string): boolean {
  const [wanted = '', wantedPort] = pattern.split(':');
  const [host = '', port] = registry.split(':');
  const parts = host.split('.');
  const patterns = wanted.split('.');
  if (wantedPort !== port || parts.length !== patterns.length) return false;
  return patterns.every((part, i) => fitsPart(part, parts[i] ?? ''));
}

function fitsPart(pattern: string, part: string): boolean {
  const words = pattern.split('*').map((word) => word.replace(/[^\w-]/g, '\\$&'));
  return new RegExp(`^${words.join('.*')}$`).test(part);
}
