// Conflicts of an apply, in upstream's words: 409 with one cause per field.
// Source: apimachinery, pkg/util/managedfields/internal/conflict.go.
import { StatusError } from '../status-error.ts';
import { difference, type FieldSet, isEmptySet, pathsOf } from './field-set.ts';
import type { FieldOwner } from './managed-fields.ts';

export interface FieldConflict {
  owner: FieldOwner;
  fields: FieldSet;
}

export class FieldConflicts {
  readonly #conflicts: readonly FieldConflict[];

  constructor(conflicts: readonly FieldConflict[]) {
    this.#conflicts = conflicts;
  }

  get isEmpty(): boolean {
    return this.#conflicts.length === 0;
  }

  /** What is left when these fields count no more. */
  without(allowed: FieldSet): FieldConflicts {
    const left = this.#conflicts.map(({ owner, fields }) => ({ owner, fields: difference(fields, allowed) }));
    return new FieldConflicts(left.filter(({ fields }) => !isEmptySet(fields)));
  }

  toStatusError(): StatusError {
    const byOwner = this.#conflicts.map(({ owner, fields }): [string, string[]] => [
      ownerText(owner),
      pathsOf(fields),
    ]);
    const sorted = byOwner.sort(([a], [b]) => (a < b ? -1 : 1));
    const causes = sorted.flatMap(([owner, paths]) =>
      paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${owner}`, field })),
    );
    return new StatusError(409, 'Conflict', messageOf(sorted, causes.length), { causes });
  }
}

function messageOf(byOwner: readonly [string, string[]][], count: number): string {
  const [owner, paths] = byOwner[0] ?? ['', []];
  if (count === 1) return `Apply failed with 1 conflict: conflict with ${owner}: ${paths[0]}`;
  const lines = byOwner.flatMap(([name, fields]) => [
    `conflicts with ${name}:`,
    ...fields.map((field) => `- ${field}`),
  ]);
  return `Apply failed with ${count} conflicts: ${lines.join('\n')}`;
}

function ownerText({ manager, operation, apiVersion, subresource, time }: FieldOwner): string {
  const name =
    JSON.stringify(manager) + (subresource ? ` with subresource ${JSON.stringify(subresource)}` : '');
  if (operation === 'Apply') return name;
  return `${name} using ${apiVersion}${time === undefined ? '' : ` at ${time}`}`;
}
