// LimitRange: names, columns and defaults. Its rules stand in limit-range-rules.ts.
// Source: pkg/apis/core/v1/defaults.go SetDefaults_LimitRangeItem
import { column, nameColumn } from '../columns.ts';
import type { core, LimitRange } from '../objects.ts';
import type { KindDefinition } from '../scheme.ts';
import { validateLimitRange } from './limit-range-rules.ts';

/** Missing limits come from the maximum, missing requests from the limit, else from the minimum. */
function setItemDefaults(item: core.LimitRangeItem): void {
  if (item.type !== 'Container') return;
  const limits = { ...item.max, ...item.default };
  const requests = { ...item.min, ...limits, ...item.defaultRequest };
  if (Object.keys(limits).length > 0) item.default = limits;
  if (Object.keys(requests).length > 0) item.defaultRequest = requests;
}

export const limitRanges: KindDefinition<LimitRange> = {
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  singular: 'limitrange',
  shortNames: ['limits'],
  categories: [],
  namespaced: true,
  columns: [
    nameColumn,
    column('Created At', 'When it was made.', ({ metadata }) => metadata.creationTimestamp),
  ],
  hasStatus: false,
  setDefaults(range) {
    range.spec ??= { limits: [] };
    range.spec.limits ??= [];
    for (const item of range.spec.limits) setItemDefaults(item);
  },
  validate: validateLimitRange,
};
