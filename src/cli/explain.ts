// edgectl explain: the fields of a kind, by the server's own OpenAPI: edgectl explain pod.spec.containers
import { apiVersionOf } from '../api/scheme.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { TextTable } from './text-table.ts';

export interface ExplainFlags {
  recursive?: boolean;
}

interface Schema {
  $ref?: string;
  allOf?: Schema[];
  type?: string;
  description?: string;
  format?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
}

type Schemas = Readonly<Record<string, Schema>>;

const REF = '#/components/schemas/';

/** The schema itself, behind references; a description beside a reference is the field's own. */
function resolved(schemas: Schemas, schema: Schema): Schema {
  const ref = schema.$ref ?? schema.allOf?.[0]?.$ref;
  const target = ref?.startsWith(REF) ? schemas[ref.slice(REF.length)] : undefined;
  if (!target) return schema;
  const whole = resolved(schemas, target);
  return schema.description ? { ...whole, description: schema.description } : whole;
}

function typeName(schemas: Schemas, schema: Schema): string {
  const whole = resolved(schemas, schema);
  if (whole.type === 'array') return `[]${typeName(schemas, whole.items ?? {})}`;
  if (typeof whole.additionalProperties === 'object')
    return `map[string]${typeName(schemas, whole.additionalProperties)}`;
  const name = (schema.$ref ?? schema.allOf?.[0]?.$ref)?.split('.').at(-1);
  return name ?? (whole.properties || whole.type === undefined ? 'Object' : whole.type);
}

/** What stands below a list or a map. */
function inner(schemas: Schemas, schema: Schema): Schema {
  const whole = resolved(schemas, schema);
  if (whole.type === 'array') return inner(schemas, whole.items ?? {});
  if (typeof whole.additionalProperties === 'object') return inner(schemas, whole.additionalProperties);
  return whole;
}

function fieldTable(schemas: Schemas, schema: Schema, depth: number, recursive: boolean): string[][] {
  return Object.entries(schema.properties ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, field]) => {
      const required = schema.required?.includes(name) ? ' -required-' : '';
      const row = [`${'  '.repeat(depth)}${name}`, `<${typeName(schemas, field)}>${required}`];
      // Deeper than this only schemas that hold themselves go.
      const more = recursive && depth < 8 ? fieldTable(schemas, inner(schemas, field), depth + 1, true) : [];
      return [row, ...more];
    });
}

/** Resolves with the exit code. */
export async function explain(context: CommandContext, args: string[], flags: ExplainFlags): Promise<number> {
  const [type = '', ...path] = (args[0] ?? '').split('.');
  const resource = await context.discovery.byName(type);
  const apiVersion = apiVersionOf(resource);
  const root = resource.group ? `apis/${apiVersion}` : `api/${apiVersion}`;
  const document = await context.connection.json<{ components?: { schemas?: Schemas } }>({
    method: 'GET',
    path: `/openapi/v3/${root}`,
  });
  const schemas = document.components?.schemas ?? {};
  const kind = Object.values(schemas).find((schema) =>
    schema['x-kubernetes-group-version-kind']?.some(
      (one) => one.kind === resource.kind && one.group === resource.group && one.version === resource.version,
    ),
  );
  if (!kind) throw new CliError(`the server describes no fields of ${resource.plural}`);
  let field: Schema = kind;
  for (const name of path) {
    const next = inner(schemas, field).properties?.[name];
    if (!next)
      throw new CliError(
        `field "${name}" does not exist in ${args[0]}: 'edgectl explain ${type}' lists fields`,
      );
    field = next;
  }
  const below = inner(schemas, field);
  const lines = [
    ...(resource.group ? [`GROUP:      ${resource.group}`] : []),
    `KIND:       ${resource.kind}`,
    `VERSION:    ${resource.version}`,
    '',
    ...(path.length > 0 ? [`FIELD: ${path.at(-1)} <${typeName(schemas, field)}>`, ''] : []),
    'DESCRIPTION:',
    `    ${(resolved(schemas, field).description ?? below.description ?? '<empty>').replaceAll('\n', '\n    ')}`,
    '',
  ];
  const table = fieldTable(schemas, below, 0, flags.recursive ?? false);
  const fields =
    table.length > 0 ? `FIELDS:\n${new TextTable().render(table).replace(/^/gm, '  ').trimEnd()}\n` : '';
  await context.io.out(`${lines.join('\n')}${fields}\n`);
  return 0;
}
