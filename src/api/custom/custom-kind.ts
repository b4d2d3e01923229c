// Makes kinds out of a CustomResourceDefinition: one for the objects as they are stored, one for each served version.
// Versions differ in what they show only; the conversion is `None`: nothing but apiVersion changes.
import type { apiextensions, CustomResourceDefinition, KubeObject } from '../objects.ts';
import type { Json } from '../schema/json.ts';
import { apiVersionOf, type KindDefinition, type ScalePaths } from '../scheme.ts';
import type { CustomKind } from '../served-kinds.ts';
import { throwIfInvalid } from '../status-error.ts';
import { CustomSchema } from './custom-schema.ts';
import { evaluate, type JsonPath, parseJsonPath, setAt } from './json-path.ts';
import { printerColumns } from './printer-columns.ts';
import type { LazyRules } from './rules/lazy-rules.ts';
import type { SchemaProps } from './schema-props.ts';
import { compareVersions } from './version-order.ts';

type Version = apiextensions.CustomResourceDefinitionVersion;

/** `definition` is defaulted and valid. */
export function customKind(definition: CustomResourceDefinition, rules: LazyRules): CustomKind {
  const { versions } = definition.spec;
  const storage = versions.find((version) => version.storage) ?? versions[0]!;
  const stored = { ...kindOf(definition, storage), ownSchema: schemaOf(definition, storage, rules) };
  const served = versions
    .filter((version) => version.served)
    .sort((a, b) => compareVersions(a.name, b.name))
    .map((version) => servedKind(definition, version, stored, rules));
  return { stored, served };
}

function kindOf({ spec, metadata }: CustomResourceDefinition, version: Version): KindDefinition {
  const { names } = spec;
  const scale = version.subresources?.scale;
  return {
    group: spec.group,
    version: version.name,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular || names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: spec.scope === 'Namespaced',
    columns: printerColumns(version.additionalPrinterColumns),
    hasStatus: version.subresources?.status !== undefined,
    selectableFields: selectableFields(version),
    ...(scale ? { scale: scalePaths(scale) } : {}),
    ...(metadata.deletionTimestamp ? { closed: TERMINATING } : {}),
  };
}

function schemaOf({ spec }: CustomResourceDefinition, version: Version, rules: LazyRules): CustomSchema {
  const kind = { group: spec.group, version: version.name, kind: spec.names.kind };
  return new CustomSchema(kind, (version.schema?.openAPIV3Schema ?? {}) as SchemaProps, rules);
}

const TERMINATING = 'create not allowed while custom resource definition is terminating';

function servedKind(
  definition: CustomResourceDefinition,
  version: Version,
  stored: KindDefinition,
  rules: LazyRules,
): KindDefinition {
  const kind = kindOf(definition, version);
  const schema = schemaOf(definition, version, rules);
  const apiVersion = apiVersionOf(kind);
  const shown = (object: KubeObject) => schema.shown({ ...object, apiVersion });
  const check = (next: KubeObject, previous: KubeObject | undefined) =>
    throwIfInvalid(kind, next.metadata.name, schema.ruleErrors(shown(next), previous && shown(previous)));
  return {
    ...kind,
    ownSchema: schema,
    ...(version.deprecated ? { deprecation: deprecation(kind, version) } : {}),
    view: {
      of: stored,
      fromStored: shown,
      draft: (object) => ({ ...object, apiVersion: apiVersionOf(stored) }),
      toStored: (object, previous) => checked(kind, schema, object, previous, apiVersionOf(stored)),
      ...(schema.hasRules ? { check } : {}),
    },
  };
}

/** @throws StatusError Invalid */
function checked(
  kind: KindDefinition,
  schema: CustomSchema,
  object: KubeObject,
  previous: KubeObject | undefined,
  apiVersion: string,
): KubeObject {
  const shown = schema.shown({ ...object, apiVersion: apiVersionOf(kind), kind: kind.kind });
  throwIfInvalid(kind, object.metadata.name, schema.errors(shown, previous));
  return { ...shown, apiVersion };
}

const deprecation = (kind: KindDefinition, { deprecationWarning }: Version): string =>
  deprecationWarning ?? `${apiVersionOf(kind)} ${kind.kind} is deprecated`;

function selectableFields(version: Version): Record<string, (object: KubeObject) => string> {
  const { selectableFields: fields = [] } = version as { selectableFields?: { jsonPath: string }[] };
  return Object.fromEntries(
    fields.map(({ jsonPath }) => [jsonPath.replace(/^\./, ''), textAt(parseJsonPath(jsonPath))]),
  );
}

const textAt = (path: JsonPath | undefined) => (object: KubeObject) =>
  String(evaluate(path ?? [], object as unknown as Json)[0] ?? '');

function scalePaths(scale: apiextensions.CustomResourceSubresourceScale): ScalePaths {
  const spec = parseJsonPath(scale.specReplicasPath) ?? [];
  const status = parseJsonPath(scale.statusReplicasPath) ?? [];
  const selector = scale.labelSelectorPath ? parseJsonPath(scale.labelSelectorPath) : undefined;
  const numberAt = (path: JsonPath, object: KubeObject) =>
    Number(evaluate(path, object as unknown as Json)[0] ?? 0);
  return {
    specReplicas: (object) => numberAt(spec, object),
    setSpecReplicas: (object, replicas) => setAt(spec, object as unknown as Json, replicas),
    statusReplicas: (object) => numberAt(status, object),
    selector: (object) => (selector ? textAt(selector)(object) : ''),
  };
}
