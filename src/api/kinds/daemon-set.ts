// DaemonSet: names, columns, defaults and rules.
// Source: pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation ValidateDaemonSet
import { isDeepStrictEqual } from 'node:util';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { immutable, invalidValue, notSupported, required } from '../field-error.ts';
import { atMostAll, isNone, validateIntOrPercent } from '../int-or-percent.ts';
import { formatLabels, selectorFromObject } from '../label-selector.ts';
import type { apps, DaemonSet } from '../objects.ts';
import { nonNegative } from '../pod-spec/numbers.ts';
import {
  setTemplateDefaults,
  validateAlwaysRunning,
  validateSelected,
  validateTemplate,
} from '../pod-spec/template.ts';
import { validateOwnSelector } from '../pod-spec/validate-selector.ts';
import type { Column, KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';
import { selectorColumn, templateColumns } from './template-columns.ts';

const STRATEGIES = ['RollingUpdate', 'OnDelete'];

function count(name: string, description: string, field: keyof apps.DaemonSetStatus): Column<DaemonSet> {
  return column(name, description, ({ status }) => Number(status?.[field] ?? 0), 'integer');
}

const columns: readonly Column<DaemonSet>[] = [
  nameColumn,
  count('Desired', 'Number of nodes that should run the pod.', 'desiredNumberScheduled'),
  count('Current', 'Number of nodes that run it.', 'currentNumberScheduled'),
  count('Ready', 'Number of nodes where it is ready.', 'numberReady'),
  count('Up-to-date', 'Number of nodes that run the newest template.', 'updatedNumberScheduled'),
  count('Available', 'Number of nodes where it has been ready for long enough.', 'numberAvailable'),
  column('Node Selector', 'Labels of the nodes that it runs on.', ({ spec }) => {
    return formatLabels(spec.template.spec?.nodeSelector) || '<none>';
  }),
  ageColumn,
  ...templateColumns<DaemonSet>(({ spec }) => spec.template),
  selectorColumn<DaemonSet>(({ spec }) => spec.selector),
];

function setDefaults(daemonSet: DaemonSet): void {
  daemonSet.spec ??= {} as apps.DaemonSetSpec;
  const { spec } = daemonSet;
  spec.template ??= {};
  setTemplateDefaults(spec.template);
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= 'RollingUpdate';
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
    spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
}

function validateRollingUpdate(update: apps.RollingUpdateDaemonSet, field: string): FieldError[] {
  const { maxUnavailable, maxSurge } = update;
  const errors = [
    ...validateIntOrPercent(maxUnavailable, `${field}.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${field}.maxSurge`),
    ...atMostAll(maxUnavailable, `${field}.maxUnavailable`),
    ...atMostAll(maxSurge, `${field}.maxSurge`),
  ];
  if (!isNone(maxUnavailable) && !isNone(maxSurge)) {
    const why = 'may not be set when maxUnavailable is non-zero';
    errors.push(invalidValue(`${field}.maxSurge`, maxSurge, why));
  }
  if (isNone(maxUnavailable) && isNone(maxSurge)) {
    errors.push(required(`${field}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  }
  return errors;
}

function validateStrategy(strategy: apps.DaemonSetUpdateStrategy, field: string): FieldError[] {
  if (!STRATEGIES.includes(strategy.type ?? '')) return [notSupported(field, strategy, STRATEGIES)];
  if (strategy.type === 'OnDelete') return [];
  return validateRollingUpdate(strategy.rollingUpdate ?? {}, `${field}.rollingUpdate`);
}

function validate({ spec }: DaemonSet): FieldError[] {
  return [
    ...validateOwnSelector(spec.selector, 'daemonset', 'spec.selector'),
    ...validateSelected(spec.template, selectorFromObject(spec.selector), 'spec.template'),
    ...validateTemplate(spec.template, 'spec.template'),
    ...validateAlwaysRunning(spec.template, 'DaemonSet', 'spec.template'),
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...validateStrategy(spec.updateStrategy ?? {}, 'spec.updateStrategy'),
    ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
  ];
}

export const daemonSets: KindDefinition<DaemonSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  singular: 'daemonset',
  shortNames: ['ds'],
  categories: ['all'],
  namespaced: true,
  columns,
  hasStatus: true,
  setDefaults,
  validate,
  validateUpdate: (next, previous) =>
    isDeepStrictEqual(next.spec.selector, previous.spec.selector)
      ? []
      : [immutable('spec.selector', next.spec.selector)],
};
