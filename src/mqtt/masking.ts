// Hides what a reader of the tree must not learn: values of environment variables and of Secrets, and the
// copy of either that kubectl keeps in an annotation. Names stay, so that a person can see what is set.
import { LAST_APPLIED_ANNOTATION } from '../api/metadata.ts';
import type { KubeObject } from '../api/objects.ts';

const MASK = '***';

/** `value` with every `env[].value` and last-applied annotation masked, at any depth; what has none is not copied. */
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
  if (Array.isArray(value)) return maskItems(value, parent);
  if (typeof value !== 'object' || value === null) return value;
  let masked: Record<string, unknown> | undefined;
  for (const [name, inner] of Object.entries(value)) {
    const seen = name === LAST_APPLIED_ANNOTATION ? MASK : mask(inner, name);
    if (seen === inner) continue;
    masked ??= { ...value };
    masked[name] = seen;
  }
  return masked ?? value;
}

function maskItems(items: readonly unknown[], parent: string | undefined): readonly unknown[] {
  const masked = items.map((item) => mask(parent === 'env' ? maskVariable(item) : item, undefined));
  return masked.some((item, index) => item !== items[index]) ? masked : items;
}

function maskVariable(item: unknown): unknown {
  const isVariable = typeof item === 'object' && item !== null && 'value' in item;
  return isVariable ? { ...item, value: MASK } : item;
}
