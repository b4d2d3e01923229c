// Objects as YAML, JSON or names: `-o yaml|json|name`.
import { isJsonObject } from '../api/schema/json.ts';
import { CliError } from './cli-error.ts';
import { resourceName } from './command-context.ts';
import type { Resource } from './discovery.ts';

export type StructuredFormat = 'yaml' | 'json';

/** As kubectl: who owns which field is left out, it is longer than the object. */
export async function formatValue(whole: unknown, format: StructuredFormat): Promise<string> {
  const value = readable(whole);
  if (format === 'json') return `${JSON.stringify(value, undefined, 4)}\n`;
  const { default: yaml } = await import('yaml');
  // Upstream never folds long lines and never writes anchors.
  return yaml.stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** Of an object, or of the items of a list. */
function readable(value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  const { metadata, items } = value;
  const shown = Array.isArray(items) ? { ...value, items: items.map(readable) } : value;
  if (!isJsonObject(metadata) || !('managedFields' in metadata)) return shown;
  const { managedFields: _, ...rest } = metadata;
  return { ...shown, metadata: rest };
}

export function formatName(resource: Resource, name: string): string {
  return `${resourceName(resource, name)}\n`;
}

/** Throws a CliError that lists what `-o` may be. */
export function checkFormat<F extends string>(
  format: string | undefined,
  allowed: readonly F[],
): F | undefined {
  if (format === undefined || allowed.includes(format as F)) return format as F | undefined;
  throw new CliError(`-o ${format} is not known here: use one of ${allowed.join(', ')}`);
}
