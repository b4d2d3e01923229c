// What holds for the metadata of every kind: names, labels, annotations, owners, finalizers.
// Source: k8s.io/apimachinery/pkg/api/validation/objectmeta.go
import { forbiddenField, immutable, invalidEach, invalidValue, required, tooLong } from './field-error.ts';
import {
  labelNameProblems,
  labelValueProblems,
  pathSegmentProblems,
  qualifiedNameProblems,
  serviceNameProblems,
  subdomainProblems,
} from './names.ts';
import type { meta, ObjectMeta } from './objects.ts';
import type { KindDefinition } from './scheme.ts';
import type { FieldError } from './status-error.ts';

/** Where kubectl and edgectl keep what was applied last: the whole object, as JSON. */
export const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

const MAX_ANNOTATIONS_BYTES = 256 * 1024;
/** No vowels and nothing that looks like them, so that no words come out. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const MAX_GENERATED_BASE_LENGTH = 63 - SUFFIX_LENGTH;

type Rule = NonNullable<KindDefinition['nameRule']>;

/** What is wrong with `name` for a kind of this name rule, in upstream's words. */
export function nameProblems(rule: Rule | undefined, name: string): string[] {
  if (rule === 'label') return labelNameProblems(name);
  if (rule === 'service') return serviceNameProblems(name);
  if (rule === 'pathSegment') return pathSegmentProblems(name);
  return subdomainProblems(name);
}

/** `base` (cut to 58 characters) and five characters; `random` gives numbers in [0, 1). */
export function generatedName(base: string, random: () => number): string {
  let name = base.slice(0, MAX_GENERATED_BASE_LENGTH);
  for (let i = 0; i < SUFFIX_LENGTH; i++) {
    name += SUFFIX_ALPHABET[Math.floor(random() * SUFFIX_ALPHABET.length)];
  }
  return name;
}

export function validateLabels(
  labels: Readonly<Record<string, string>> | undefined,
  field: string,
): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...invalidEach(field, key, qualifiedNameProblems(key)),
    ...invalidEach(field, value, labelValueProblems(value)),
  ]);
}

export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  field: string,
): FieldError[] {
  let sizeBytes = 0;
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(annotations ?? {})) {
    errors.push(...invalidEach(field, key, qualifiedNameProblems(key.toLowerCase())));
    sizeBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (sizeBytes > MAX_ANNOTATIONS_BYTES) errors.push(tooLong(field, MAX_ANNOTATIONS_BYTES));
  return errors;
}

function validateOwner(owner: meta.OwnerReference, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!owner.apiVersion) errors.push(invalidValue(`${field}.apiVersion`, '', 'version must not be empty'));
  if (!owner.kind) errors.push(invalidValue(`${field}.kind`, '', 'kind must not be empty'));
  if (!owner.name) errors.push(invalidValue(`${field}.name`, '', 'name must not be empty'));
  if (!owner.uid) errors.push(invalidValue(`${field}.uid`, '', 'uid must not be empty'));
  return errors;
}

function validateOwners(owners: readonly meta.OwnerReference[], field: string): FieldError[] {
  const errors = owners.flatMap((owner, i) => validateOwner(owner, `${field}[${i}]`));
  const controllers = owners.filter((owner) => owner.controller);
  if (controllers.length > 1) {
    const names = controllers.map((c) => `${c.kind}/${c.name}`).join(' and ');
    errors.push(
      invalidValue(field, owners, `Only one reference can have Controller set to true. Found ${names}`),
    );
  }
  return errors;
}

/** Compiled-in kinds want a domain in every name that is not a known one; definitions and what they define do not. */
const isStrict = (kind: KindDefinition) => !kind.ownSchema && kind.group !== 'apiextensions.k8s.io';

function validateFinalizers(finalizers: readonly string[], isStrictKind: boolean): FieldError[] {
  const field = 'metadata.finalizers';
  return finalizers.flatMap((name, i) => {
    const problems = invalidEach(`${field}[${i}]`, name, qualifiedNameProblems(name));
    const known = ['kubernetes', 'orphan', 'foregroundDeletion'].includes(name);
    if (problems.length === 0 && isStrictKind && !known && !name.includes('/')) {
      problems.push(
        invalidValue(
          `${field}[${i}]`,
          name,
          'name is neither a standard finalizer name nor is it fully qualified',
        ),
      );
    }
    return problems;
  });
}

function validateNames(kind: KindDefinition, metadata: meta.ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (metadata.generateName) {
    // The suffix makes up for an end such as `-`.
    const problems = nameProblems(kind.nameRule, `${metadata.generateName.replace(/-$/, '')}a`);
    errors.push(...invalidEach('metadata.generateName', metadata.generateName, problems));
  }
  if (!metadata.name) errors.push(required('metadata.name', 'name or generateName is required'));
  else
    errors.push(...invalidEach('metadata.name', metadata.name, nameProblems(kind.nameRule, metadata.name)));
  if (!kind.namespaced && metadata.namespace) {
    errors.push(forbiddenField('metadata.namespace', 'not allowed on this type'));
  }
  if (kind.namespaced && !metadata.namespace) errors.push(required('metadata.namespace'));
  else if (kind.namespaced) {
    errors.push(
      ...invalidEach('metadata.namespace', metadata.namespace, labelNameProblems(metadata.namespace ?? '')),
    );
  }
  return errors;
}

/** Checks a whole object's metadata, name included; call it after a generated name is filled in. */
export function validateMetadata(kind: KindDefinition, metadata: meta.ObjectMeta): FieldError[] {
  return [
    ...validateNames(kind, metadata),
    ...validateLabels(metadata.labels, 'metadata.labels'),
    ...validateAnnotations(metadata.annotations, 'metadata.annotations'),
    ...validateOwners(metadata.ownerReferences ?? [], 'metadata.ownerReferences'),
    ...validateFinalizers(metadata.finalizers ?? [], isStrict(kind)),
  ];
}

/** What an update may not change: identity, and new finalizers once the object is being deleted. */
export function validateMetadataUpdate(next: ObjectMeta, previous: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp'] as const) {
    if (next[field] !== previous[field]) errors.push(immutable(`metadata.${field}`, next[field]));
  }
  if (previous.deletionTimestamp === undefined) return errors;
  const added = (next.finalizers ?? []).filter((name) => !previous.finalizers?.includes(name));
  if (added.length > 0) {
    errors.push(
      forbiddenField(
        'metadata.finalizers',
        `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`,
      ),
    );
  }
  return errors;
}
