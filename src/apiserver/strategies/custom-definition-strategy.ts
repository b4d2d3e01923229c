// CustomResourceDefinitions: their names are accepted, and the kind established, with the write itself, so that who
// has created one may use it at once. The finalizer holds a deleted one until its objects are gone.
import { withCondition } from '../../api/conditions.ts';
import type { LazyRules } from '../../api/custom/rules/lazy-rules.ts';
import { hasRules } from '../../api/custom/rules/validation-rule.ts';
import { versionSchemas } from '../../api/custom/version-schemas.ts';
import { customResourceDefinitions } from '../../api/kinds/custom-resource-definition.ts';
import type { apiextensions, CustomResourceDefinition } from '../../api/objects.ts';
import { jsonEqual } from '../../api/schema/json.ts';
import type { ServedKinds } from '../../api/served-kinds.ts';
import { throwIfInvalid } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { Writable } from '../registry/prepare.ts';
import type { Reservation, Strategy } from '../registry/strategy.ts';
import { nameConflict } from './custom-names.ts';

export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

type Status = Writable<apiextensions.CustomResourceDefinitionStatus>;

export class CustomDefinitionStrategy implements Strategy<CustomResourceDefinition> {
  readonly #kinds: ServedKinds;
  readonly #clock: Clock;
  readonly #rules: LazyRules;

  constructor(kinds: ServedKinds, clock: Clock, rules: LazyRules) {
    this.#kinds = kinds;
    this.#clock = clock;
    this.#rules = rules;
  }

  prepareForCreate(next: CustomResourceDefinition): void {
    next.metadata.finalizers = [...(next.metadata.finalizers ?? []), CLEANUP_FINALIZER];
    this.prepareForUpdate(next);
  }

  prepareForUpdate(next: Writable<CustomResourceDefinition>): void {
    // Refused by validation, which comes after this.
    if (!next.spec?.names || !next.spec.versions) return;
    next.status = this.statusOf(next);
  }

  /** The status that a definition should have beside the kinds that are served now. */
  statusOf(definition: CustomResourceDefinition): Status {
    const { spec, status } = definition;
    const conflict = nameConflict(definition, this.#kinds.served);
    const storage = spec.versions.find((version) => version.storage)?.name;
    const known = status?.storedVersions ?? [];
    const nowMs = this.#clock.now();
    let conditions = withCondition(status?.conditions, acceptance(conflict), nowMs);
    conditions = withCondition(conditions, establishment(conflict), nowMs);
    return {
      ...status,
      conditions,
      acceptedNames: conflict ? (status?.acceptedNames ?? { plural: '', kind: '' }) : spec.names,
      storedVersions: storage && !known.includes(storage) ? [...known, storage] : known,
    };
  }

  /** Takes nothing; by now the schemas are structural, which their rules need. Those that stay are not told again. */
  reserve(next: CustomResourceDefinition, previous: CustomResourceDefinition | undefined): Reservation {
    const { spec, metadata } = next;
    const errors = versionSchemas(spec.versions).flatMap(({ name, schema, field }) => {
      const before = previous?.spec.versions.find((version) => version.name === name)?.schema;
      if (!hasRules(schema) || jsonEqual(schema, before?.openAPIV3Schema)) return [];
      return this.#rules.definitionErrors(schema, field);
    });
    throwIfInvalid(customResourceDefinitions, metadata.name, errors);
    return { undo() {} };
  }

  prepareForDelete(next: Writable<CustomResourceDefinition>): void {
    const terminating = {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    } as const;
    const conditions = withCondition(next.status?.conditions, terminating, this.#clock.now());
    next.status = { acceptedNames: next.spec.names, storedVersions: [], ...next.status, conditions };
  }
}

function acceptance(conflict: string | undefined) {
  return conflict
    ? { type: 'NamesAccepted', status: 'False', reason: 'NamesConflict', message: conflict }
    : { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' };
}

function establishment(conflict: string | undefined) {
  return conflict
    ? { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
    : {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      };
}
