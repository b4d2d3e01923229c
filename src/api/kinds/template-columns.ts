// Columns of the kinds that make pods from a template: what the template holds and whom the selector finds.
import { listed, wideColumn } from '../columns.ts';
import { formatLabelSelector, selectorFromObject } from '../label-selector.ts';
import type { core, KubeObject, meta } from '../objects.ts';
import type { Column } from '../scheme.ts';

type TemplateOf<T> = (object: T) => core.PodTemplateSpec | undefined;

const containersOf = (template: core.PodTemplateSpec | undefined) => template?.spec?.containers ?? [];

export const containerNames = (template: core.PodTemplateSpec | undefined): string =>
  listed(containersOf(template).map((container) => container.name));

export const containerImages = (template: core.PodTemplateSpec | undefined): string =>
  listed(containersOf(template).map((container) => container.image ?? ''));

/** `a=b,c in (d,e)`, or upstream's `<none>`. */
function selectorText(selector: meta.LabelSelector | undefined): string {
  return formatLabelSelector(selectorFromObject(selector) ?? []) || '<none>';
}

export function templateColumns<T extends KubeObject>(templateOf: TemplateOf<T>): Column<T>[] {
  return [
    wideColumn('Containers', 'Names of each container in the template.', (object) =>
      containerNames(templateOf(object)),
    ),
    wideColumn('Images', 'Images referenced by each container in the template.', (object) =>
      containerImages(templateOf(object)),
    ),
  ];
}

export function selectorColumn<T extends KubeObject>(
  selectorOf: (object: T) => meta.LabelSelector | undefined,
): Column<T> {
  return wideColumn('Selector', 'Labels that its pods carry.', (object) => selectorText(selectorOf(object)));
}
