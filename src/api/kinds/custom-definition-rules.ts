// What a CustomResourceDefinition may say, and what may not change once objects of it may exist.
// Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go
import { parseJsonPath } from '../custom/json-path.ts';
import { schemaErrors } from '../custom/schema-errors.ts';
import { versionSchemas } from '../custom/version-schemas.ts';
import { immutable, invalidEach, invalidValue, notSupported, required } from '../field-error.ts';
import { serviceNameProblems, subdomainProblems } from '../names.ts';
import type { apiextensions, CustomResourceDefinition } from '../objects.ts';
import type { JsonObject } from '../schema/json.ts';
import type { FieldError } from '../status-error.ts';

type Version = apiextensions.CustomResourceDefinitionVersion;

const SCOPES = ['Cluster', 'Namespaced'];
const STRATEGIES = ['None', 'Webhook'];
const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const APPROVAL = 'api-approved.kubernetes.io';

export function validateDefinition(definition: CustomResourceDefinition): FieldError[] {
  const { spec, metadata } = definition;
  if (!spec?.names) return [required('spec.names')];
  const { group = '', names, scope, versions = [], conversion } = spec;
  const errors = group
    ? invalidEach('spec.group', group, subdomainProblems(group))
    : [required('spec.group')];
  if (group && !group.includes('.')) {
    errors.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'));
  }
  const expected = `${names.plural}.${group}`;
  if (metadata.name && metadata.name !== expected) {
    errors.push(invalidValue('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group'));
  }
  if (!SCOPES.includes(scope)) errors.push(notSupported('spec.scope', scope, SCOPES));
  if (isProtected(group) && !metadata.annotations?.[APPROVAL]) {
    const why =
      'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111';
    errors.push(required(`metadata.annotations[${APPROVAL}]`, why));
  }
  if (spec.preserveUnknownFields) {
    const why =
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
    errors.push(invalidValue('spec.preserveUnknownFields', true, why));
  }
  if (conversion && !STRATEGIES.includes(conversion.strategy)) {
    errors.push(notSupported('spec.conversion.strategy', conversion.strategy, STRATEGIES));
  }
  return [...errors, ...nameErrors(names), ...versionsErrors(versions)];
}

const isProtected = (group: string) => /(^|\.)(k8s|kubernetes)\.io$/.test(group);

function nameErrors(names: apiextensions.CustomResourceDefinitionNames): FieldError[] {
  const errors: FieldError[] = [];
  const label = (field: string, text: string) =>
    invalidEach(`spec.names.${field}`, text, serviceNameProblems(text.toLowerCase()));
  for (const field of ['plural', 'kind'] as const) {
    if (!names[field]) errors.push(required(`spec.names.${field}`));
    else
      errors.push(
        ...(field === 'plural'
          ? invalidEach('spec.names.plural', names.plural, serviceNameProblems(names.plural))
          : label(field, names.kind)),
      );
  }
  if (names.singular)
    errors.push(...invalidEach('spec.names.singular', names.singular, serviceNameProblems(names.singular)));
  if (names.listKind) errors.push(...label('listKind', names.listKind));
  if (names.listKind && names.listKind === names.kind) {
    errors.push(invalidValue('spec.names.listKind', names.listKind, 'kind and listKind may not be the same'));
  }
  for (const list of ['shortNames', 'categories'] as const) {
    names[list]?.forEach((text, i) => {
      errors.push(...invalidEach(`spec.names.${list}[${i}]`, text, serviceNameProblems(text)));
    });
  }
  return errors;
}

function versionsErrors(versions: readonly Version[]): FieldError[] {
  const errors: FieldError[] = [];
  const storing = versions.filter(({ storage }) => storage).length;
  if (versions.length === 0) return [required('spec.versions')];
  if (storing !== 1) {
    errors.push(
      invalidValue(
        'spec.versions',
        versions.map(({ name }) => name),
        'must have exactly one version marked as storage version',
      ),
    );
  }
  const names = versions.map(({ name }) => name);
  if (new Set(names).size < names.length) {
    errors.push(invalidValue('spec.versions', names, 'must contain unique version names'));
  }
  versions.forEach((version, i) => {
    errors.push(...versionErrors(version, `spec.versions[${i}]`));
  });
  for (const { schema, field } of versionSchemas(versions)) {
    errors.push(...schemaErrors(schema as JsonObject, field));
  }
  return errors;
}

function versionErrors(version: Version, field: string): FieldError[] {
  const errors = invalidEach(`${field}.name`, version.name, serviceNameProblems(version.name ?? ''));
  if (!version.schema?.openAPIV3Schema) {
    errors.push(required(`${field}.schema.openAPIV3Schema`, 'schemas are required'));
  }
  version.additionalPrinterColumns?.forEach((column, i) => {
    errors.push(...columnErrors(column, `${field}.additionalPrinterColumns[${i}]`));
  });
  const scale = version.subresources?.scale;
  return scale ? [...errors, ...scaleErrors(scale, `${field}.subresources.scale`)] : errors;
}

function columnErrors(column: apiextensions.CustomResourceColumnDefinition, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!column.name) errors.push(required(`${field}.name`));
  if (!COLUMN_TYPES.includes(column.type))
    errors.push(notSupported(`${field}.type`, column.type, COLUMN_TYPES));
  if (!column.jsonPath) errors.push(required(`${field}.jsonPath`));
  else if (!parseJsonPath(column.jsonPath)) {
    errors.push(
      invalidValue(`${field}.jsonPath`, column.jsonPath, 'is not a JSONPath that this server can read'),
    );
  }
  return errors;
}

function scaleErrors(scale: apiextensions.CustomResourceSubresourceScale, field: string): FieldError[] {
  const path = (name: keyof typeof scale, roots: readonly string[]): FieldError[] => {
    const text = scale[name];
    if (!text) return name === 'labelSelectorPath' ? [] : [required(`${field}.${name}`)];
    const plain = parseJsonPath(text)?.every((step) => 'key' in step) ?? false;
    const rooted = roots.some((root) => text.startsWith(`${root}.`));
    if (plain && rooted) return [];
    const why = `should be a json path under ${roots.join(' or ')}`;
    return [invalidValue(`${field}.${name}`, text, why)];
  };
  return [
    ...path('specReplicasPath', ['.spec']),
    ...path('statusReplicasPath', ['.status']),
    ...path('labelSelectorPath', ['.spec', '.status']),
  ];
}

export function validateDefinitionUpdate(
  next: CustomResourceDefinition,
  previous: CustomResourceDefinition,
): FieldError[] {
  const errors: FieldError[] = [];
  const same = (field: string, now: string, before: string) => {
    if (now !== before) errors.push(immutable(`spec.${field}`, now));
  };
  same('group', next.spec.group, previous.spec.group);
  same('names.plural', next.spec.names.plural, previous.spec.names.plural);
  if (isEstablished(previous)) {
    same('names.kind', next.spec.names.kind, previous.spec.names.kind);
    same('scope', next.spec.scope, previous.spec.scope);
  }
  const names = next.spec.versions.map(({ name }) => name);
  next.status?.storedVersions?.forEach((version, i) => {
    if (names.includes(version)) return;
    const why = `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`;
    errors.push(invalidValue(`status.storedVersions[${i}]`, version, why));
  });
  return errors;
}

export const isEstablished = ({ status }: CustomResourceDefinition): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') ?? false;
