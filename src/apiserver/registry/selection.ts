// Which objects a list or watch means: selectors, read once, asked per object.
import { type FieldSelector, matchesFields, parseFieldSelector } from '../../api/field-selector.ts';
import { type LabelSelector, matchesLabels, parseLabelSelector } from '../../api/label-selector.ts';
import type { KubeObject } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import type { ListOptions } from '../../client/client.ts';

export class Selection {
  readonly #kind: KindDefinition;
  readonly #labels: LabelSelector;
  readonly #fields: FieldSelector;

  /** @throws StatusError BadRequest for a selector that cannot be read or names a field it may not. */
  constructor(kind: KindDefinition, options: ListOptions) {
    this.#kind = kind;
    this.#labels = parseLabelSelector(options.labelSelector);
    this.#fields = parseFieldSelector(options.fieldSelector, kind);
  }

  get selectsAll(): boolean {
    return this.#labels.length === 0 && this.#fields.length === 0;
  }

  matches(object: KubeObject): boolean {
    return (
      matchesLabels(this.#labels, object.metadata.labels) && matchesFields(this.#fields, this.#kind, object)
    );
  }
}
