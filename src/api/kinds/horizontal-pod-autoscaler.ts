// HorizontalPodAutoscaler: names, columns and defaults. Stored as autoscaling/v2.
// Source: pkg/apis/autoscaling/v2/defaults.go
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { autoscaling, HorizontalPodAutoscaler } from '../objects.ts';
import type { Column, KindDefinition } from '../scheme.ts';
import { validateAutoscaler, validateTargetVersion } from './autoscaler-rules.ts';
import { targetsText } from './autoscaler-targets.ts';
import { autoscalerV1 } from './autoscaler-v1.ts';

const DEFAULT_CPU_PERCENT = 80;

const columns: readonly Column<HorizontalPodAutoscaler>[] = [
  nameColumn,
  column('Reference', 'What it scales.', ({ spec }) => {
    return `${spec.scaleTargetRef?.kind ?? ''}/${spec.scaleTargetRef?.name ?? ''}`;
  }),
  column('Targets', 'What is measured, and what it should be.', targetsText),
  column('MinPods', 'Fewest pods.', ({ spec }) => String(spec.minReplicas ?? '<unset>')),
  column('MaxPods', 'Most pods.', ({ spec }) => spec.maxReplicas ?? 0),
  column('Replicas', 'Pods that exist.', ({ status }) => status?.currentReplicas ?? 0),
  ageColumn,
];

/** Up: at once, by four pods or to the double every 15 seconds, whichever is more. Down: to nothing, every 15. */
function setBehaviorDefaults(behavior: autoscaling.HorizontalPodAutoscalerBehavior): void {
  const { scaleUp, scaleDown } = behavior;
  behavior.scaleUp = {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
    ...scaleUp,
  };
  behavior.scaleDown = {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
    ...scaleDown,
  };
}

function setDefaults(autoscaler: HorizontalPodAutoscaler): void {
  autoscaler.spec ??= {} as autoscaling.HorizontalPodAutoscalerSpec;
  const { spec } = autoscaler;
  spec.minReplicas ??= 1;
  if (!spec.metrics?.length) {
    const target = { type: 'Utilization', averageUtilization: DEFAULT_CPU_PERCENT };
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
  }
  if (spec.behavior) setBehaviorDefaults(spec.behavior);
}

/** What differs with every look, currentMetrics and currentReplicas, nobody misses after a power cut. */
function lastingStatus({ status }: HorizontalPodAutoscaler): string {
  const conditions = (status?.conditions ?? []).map(({ type, status: is, reason }) => [type, is, reason]);
  return JSON.stringify([status?.desiredReplicas ?? 0, status?.lastScaleTime ?? '', conditions]);
}

export const horizontalPodAutoscalers: KindDefinition<HorizontalPodAutoscaler> = {
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  columns,
  hasStatus: true,
  servedVersions: [autoscalerV1],
  isMoving: (next, previous) => lastingStatus(next) === lastingStatus(previous),
  setDefaults,
  validate: validateAutoscaler,
  validateCreate: (next) => validateTargetVersion(next),
  validateUpdate: (next, previous) => validateTargetVersion(next, previous),
};
