// Objects as YAML, JSON or names: `-o yaml|json|name`.
import { CliError } from './cli-error.ts';
import { resourceName } from './command-context.ts';
import type { Resource } from './discovery.ts';

export type StructuredFormat = 'yaml' | 'json';

export async function formatValue(value: unknown, format: StructuredFormat): Promise<string> {
  if (format === 'json') return `${JSON.stringify(value, undefined, 4)}\n`;
  const { default: yaml } = await import('yaml');
  // Upstream never folds long lines and never writes anchors.
  return yaml.stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
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
