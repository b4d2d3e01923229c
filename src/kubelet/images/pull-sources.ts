// Where an image is tried for, in turn: the mirrors of its registry, then the registry itself. Pure.
import { parseReference } from './image-reference.ts';
import type { Registries } from './registries.ts';

export interface PullSource {
  /** What podman is told to fetch. */
  reference: string;
  /** `host[:port]`, as in the configs of the registries. */
  host: string;
  insecure: boolean;
}

/** localhost/ images have no registry and so no source. */
export function pullSources(image: string, registries: Registries): PullSource[] {
  const { registry, repository, suffix: whole } = parseReference(image);
  // podman refuses a tag beside a digest; the digest says it all.
  const suffix = whole.slice(Math.max(whole.indexOf('@'), 0));
  if (registry === 'localhost') return [];
  const mirrors = registries.mirrors.get(registry) ?? registries.mirrors.get('*') ?? [];
  const places = mirrors.map((url) => ({
    host: url.host,
    path: url.pathname.replace(/^\/(v2\/?)?|\/$/g, ''),
    isPlain: url.protocol === 'http:',
  }));
  const sources = [...places, { host: registry, path: '', isPlain: false }].map(
    ({ host, path, isPlain }) => ({
      host,
      reference: [host, path, `${repository}${suffix}`].filter((part) => part !== '').join('/'),
      insecure: isPlain || (registries.configs.get(host)?.insecure ?? false),
    }),
  );
  return [...new Map(sources.reverse().map((source) => [source.reference, source])).values()].reverse();
}
