// Shared by the tests of kinds: an object as a client sends it, defaulted and checked as the server would.
import { allKinds } from '../../src/api/scheme-table.ts';
import type { FieldError } from '../../src/api/status-error.ts';

export interface Loose {
  metadata?: Record<string, unknown>;
  [field: string]: unknown;
}

export const NOW = Date.parse('2026-01-01T00:05:00Z');

export function objectOf(name: string, parts: Loose) {
  const kind = allKinds.find((k) => [k.singular, k.plural, ...k.shortNames].includes(name));
  if (!kind) throw new Error(`no kind is called ${name}`);
  const metadata = {
    name: 'x',
    namespace: 'default',
    uid: 'u',
    resourceVersion: '',
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...parts.metadata,
  };
  const object = { apiVersion: 'v1', kind: kind.kind, ...structuredClone(parts), metadata };
  kind.setDefaults?.(object);
  return { kind, object: object as typeof object & Record<string, never> };
}

const lines = (errors: FieldError[] | undefined) => (errors ?? []).map((e) => `${e.field}: ${e.message}`);

export function problems(name: string, parts: Loose): string[] {
  const { kind, object } = objectOf(name, parts);
  return lines(kind.validate?.(object));
}

export function updateProblems(name: string, before: Loose, after: Loose): string[] {
  const { kind, object } = objectOf(name, after);
  return lines(kind.validateUpdate?.(object, objectOf(name, before).object));
}

/** The cell of one column. */
export function cell(name: string, column: string, parts: Loose): unknown {
  const { kind, object } = objectOf(name, parts);
  return kind.columns.find((candidate) => candidate.name === column)?.value(object, NOW);
}
