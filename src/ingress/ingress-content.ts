// What Ingress needs to know of the cluster: the Ingresses, and of Services and Secrets those that they name. Pure.
import type { BoardService } from '../api/board-service.ts';
import { backendSecretsOf } from '../api/ingress/backend-tls.ts';
import type { BoardIngress } from '../api/ingress/board-ingress.ts';
import type { Secret } from '../api/objects.ts';
import type { NameServer } from './name-lookup.ts';
import type { IngressContent } from './thread-messages.ts';

export interface Known {
  service(key: string): BoardService | undefined;
  secret(key: string): Secret | undefined;
  nameServer(): NameServer | undefined;
}

export function contentOf(ingresses: readonly BoardIngress[], known: Known): IngressContent {
  const { service, secret } = known;
  return {
    ingresses,
    services: found(ingresses.flatMap(serviceNames), service),
    secrets: found(ingresses.flatMap(secretNames), secret),
    nameServer: known.nameServer(),
  };
}

/** Whether both consist of the very same objects: what did not change stays the same one. */
export function isSameContent(a: IngressContent, b: IngressContent): boolean {
  const isSame = (one: readonly unknown[], other: readonly unknown[]) =>
    one.length === other.length && one.every((item, i) => item === other[i]);
  const lists = ['ingresses', 'services', 'secrets'] as const;
  return lists.every((list) => isSame(a[list], b[list])) && a.nameServer?.address === b.nameServer?.address;
}

function found<T>(keys: readonly string[], get: (key: string) => T | undefined): T[] {
  return [...new Set(keys)].flatMap((key) => get(key) ?? []);
}

function serviceNames({ key, spec }: BoardIngress): string[] {
  const paths = (spec.rules ?? []).flatMap(({ http }) => http?.paths ?? []);
  const backends = [spec.defaultBackend, ...paths.map(({ backend }) => backend)];
  return backends.flatMap((backend) => inNamespaceOf(key, backend?.service?.name));
}

const secretNames = ({ key, spec, annotations }: BoardIngress): string[] => [
  ...(spec.tls ?? []).flatMap(({ secretName }) => inNamespaceOf(key, secretName)),
  ...backendSecretsOf(annotations, key.slice(0, key.indexOf('/'))),
];

const inNamespaceOf = (key: string, name: string | undefined): string[] =>
  name ? [`${key.slice(0, key.indexOf('/'))}/${name}`] : [];
