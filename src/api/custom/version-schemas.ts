// The schemas of a definition's versions, and where upstream tells errors in them: versions that agree share one place.
import type { apiextensions } from '../objects.ts';
import { jsonEqual } from '../schema/json.ts';
import type { SchemaProps } from './schema-props.ts';

export interface VersionSchema {
  /** Of the version. */
  name: string;
  schema: SchemaProps;
  /** Path of the root, such as `spec.validation.openAPIV3Schema`. */
  field: string;
}

/** One for all versions where they are alike. */
export function versionSchemas(
  versions: readonly apiextensions.CustomResourceDefinitionVersion[],
): VersionSchema[] {
  const all = versions.map(({ name, schema }, i) => ({
    name,
    schema: schema?.openAPIV3Schema as SchemaProps | undefined,
    field: `spec.versions[${i}].schema.openAPIV3Schema`,
  }));
  const [first] = all;
  const isOne = all.every(({ schema }) => jsonEqual(schema, first?.schema));
  const told = first && isOne ? [{ ...first, field: 'spec.validation.openAPIV3Schema' }] : all;
  return told.flatMap(({ schema, ...rest }) => (schema ? [{ ...rest, schema }] : []));
}
