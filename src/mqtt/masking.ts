// Hides what a reader of the tree must not learn: values of environment variables and of Secrets, and the
// copy of either that kubectl keeps in an annotation. Names stay, so that a person can see what is set.
import { LAST_APPLIED_ANNOTATION } from '../api/metadata.ts';
import type { KubeObject } from '../api/objects.ts';

const MASK = '***';

/** A copy of `value` with every `env[].value` and last-applied annotation masked, at any depth. */
export function maskEnvironment<T>(value: T): T {
  return mask(value, undefined) as T;
}

/** Metadata, type and the names of the keys; never a value. */
export function maskSecret(secret: KubeObject & { data?: object; stringData?: object }): KubeObject {
  const { data, stringData: _, ...rest } = secret;
  return maskEnvironment({ ...rest, ...(data ? { data: maskValues(data) } : {}) });
}

function maskValues(values: object): Record<string, string> {
  return Object.fromEntries(Object.keys(values).map((name) => [name, MASK]));
}

function mask(value: unknown, parent: string | undefined): unknown {
  if (Array.isArray(value))
    return value.map((item) => mask(parent === 'env' ? maskVariable(item) : item, undefined));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [
    name,
    name === LAST_APPLIED_ANNOTATION ? MASK : mask(inner, name),
  ]);
  return Object.fromEntries(entries);
}

function maskVariable(item: unknown): unknown {
  const isVariable = typeof item === 'object' && item !== null && 'value' in item;
  return isVariable ? { ...item, value: MASK } : item;
}
