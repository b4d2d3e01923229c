// What `kubectl get hpa` shows under TARGETS: current and wanted amount of the first two metrics.
// Source: pkg/printers/internalversion/printers.go formatHPAMetrics
import type { autoscaling, HorizontalPodAutoscaler } from '../objects.ts';

const MAX_SHOWN = 2;
const UNKNOWN = '<unknown>';

type Target = autoscaling.MetricTarget;
type Current = autoscaling.MetricValueStatus | undefined;

/** For Object and External metrics: the average when that is the target, else the value. */
function valueText(target: Target | undefined, current: Current): string {
  if (target?.averageValue === undefined) return `${current?.value ?? UNKNOWN}/${target?.value ?? UNKNOWN}`;
  return `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`;
}

function resourceText(name: string | undefined, target: Target | undefined, current: Current): string {
  if (target?.averageValue !== undefined) {
    return `${name}: ${current?.averageValue ?? UNKNOWN}/${target.averageValue}`;
  }
  const percent = (value: number | undefined, none: string) => (value === undefined ? none : `${value}%`);
  const now = percent(current?.averageUtilization, UNKNOWN);
  return `${name}: ${now}/${percent(target?.averageUtilization, '<auto>')}`;
}

function metricText(spec: autoscaling.MetricSpec, status: autoscaling.MetricStatus | undefined): string {
  switch (spec.type) {
    case 'External':
      return valueText(spec.external?.target, status?.external?.current);
    case 'Object':
      return valueText(spec.object?.target, status?.object?.current);
    case 'Pods': {
      const now = status?.pods?.current?.averageValue ?? UNKNOWN;
      return `${now}/${spec.pods?.target?.averageValue ?? UNKNOWN}`;
    }
    case 'Resource':
      return resourceText(spec.resource?.name, spec.resource?.target, status?.resource?.current);
    case 'ContainerResource': {
      const { name, target } = spec.containerResource ?? {};
      return resourceText(name, target, status?.containerResource?.current);
    }
    default:
      return '<unknown type>';
  }
}

export function targetsText({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec.metrics ?? [];
  if (metrics.length === 0) return '<none>';
  const shown = metrics
    .slice(0, MAX_SHOWN)
    .map((metric, i) => metricText(metric, status?.currentMetrics?.[i]));
  const more = metrics.length > MAX_SHOWN ? ` + ${metrics.length - MAX_SHOWN} more...` : '';
  return `${shown.join(', ')}${more}`;
}
