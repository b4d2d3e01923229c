// PodTemplate: names, columns, defaults and rules.
import { column, nameColumn } from '../columns.ts';
import { formatLabels } from '../label-selector.ts';
import type { PodTemplate } from '../objects.ts';
import { setTemplateDefaults, validateTemplate } from '../pod-spec/template.ts';
import type { KindDefinition } from '../scheme.ts';
import { containerImages, containerNames } from './template-columns.ts';

export const podTemplates: KindDefinition<PodTemplate> = {
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  singular: 'podtemplate',
  shortNames: [],
  categories: [],
  namespaced: true,
  columns: [
    nameColumn,
    column('Containers', 'Names of each container in the template.', ({ template }) => {
      return containerNames(template);
    }),
    column('Images', 'Images referenced by each container in the template.', ({ template }) => {
      return containerImages(template);
    }),
    column('Pod Labels', 'Labels of the pods made from it.', ({ template }) => {
      return formatLabels(template.metadata?.labels) || '<none>';
    }),
  ],
  hasStatus: false,
  setDefaults(podTemplate) {
    podTemplate.template ??= {};
    setTemplateDefaults(podTemplate.template);
  },
  validate: ({ template }) => validateTemplate(template, 'template'),
};
