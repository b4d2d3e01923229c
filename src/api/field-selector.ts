// Field selectors: `metadata.name=x,status.phase!=Running` on the few fields that a kind offers.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
import type { KubeObject } from './objects.ts';
import type { KindDefinition } from './scheme.ts';
import { badRequest } from './status-error.ts';

interface FieldRequirement {
  field: string;
  equals: boolean;
  value: string;
}

/** All requirements must hold; none = everything matches. */
export type FieldSelector = readonly FieldRequirement[];

/** Commas, `=` and backslashes in a value are written with a backslash before them. */
function clauses(text: string): string[] {
  return (text.match(/(?:\\.|[^,\\])+/g) ?? []).filter((clause) => clause !== '');
}

function parseClause(clause: string, text: string): FieldRequirement {
  const match = /^([^=!]+?)(!=|==|=)((?:\\.|[^=\\])*)$/.exec(clause);
  if (!match) {
    throw badRequest(`invalid selector: '${text}'; can't understand '${clause}'`);
  }
  const [, field = '', operator, value = ''] = match;
  return { field: field.trim(), equals: operator !== '!=', value: value.replace(/\\(.)/g, '$1') };
}

/**
 * Reads a field selector for objects of `kind`. Throws a BadRequest StatusError for text that cannot be read and
 * for fields that the kind does not offer.
 */
export function parseFieldSelector(text: string | undefined, kind: KindDefinition): FieldSelector {
  if (!text) return [];
  return clauses(text).map((clause) => {
    const requirement = parseClause(clause, text);
    if (!isSelectable(kind, requirement.field)) {
      throw badRequest(`field label not supported: ${requirement.field}`);
    }
    return requirement;
  });
}

function isSelectable(kind: KindDefinition, field: string): boolean {
  return (
    field === 'metadata.name' ||
    field === 'metadata.namespace' ||
    Object.hasOwn(kind.selectableFields ?? {}, field)
  );
}

function fieldValue(kind: KindDefinition, object: KubeObject, field: string): string {
  if (field === 'metadata.name') return object.metadata.name;
  if (field === 'metadata.namespace') return object.metadata.namespace ?? '';
  return kind.selectableFields?.[field]?.(object) ?? '';
}

export function matchesFields(selector: FieldSelector, kind: KindDefinition, object: KubeObject): boolean {
  return selector.every(({ field, equals, value }) => (fieldValue(kind, object, field) === value) === equals);
}
