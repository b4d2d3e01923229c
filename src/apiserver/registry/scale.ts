// The scale subresource: an object of any scalable kind seen as autoscaling/v1 Scale, and written through it.
import type { Scale } from 'kubernetes-types/autoscaling/v1.js';
import type { KubeObject } from '../../api/objects.ts';
import type { KindDefinition, ScalePaths } from '../../api/scheme.ts';
import { invalid, notFound } from '../../api/status-error.ts';

export const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' } as const;

/** @throws StatusError NotFound when the kind has no scale. */
function scalePaths(kind: KindDefinition): ScalePaths {
  if (kind.scale) return kind.scale;
  throw notFound({ group: kind.group, kind: kind.plural, name: 'scale' });
}

export function scaleOf(kind: KindDefinition, object: KubeObject): Scale & KubeObject {
  const paths = scalePaths(kind);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    apiVersion: 'autoscaling/v1',
    kind: scaleKind.kind,
    metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion, creationTimestamp },
    spec: { replicas: paths.specReplicas(object) },
    status: { replicas: paths.statusReplicas(object), selector: paths.selector(object) },
  };
}

/** A private copy of `current` with the replicas, and the preconditions, of `scale`. */
export function withScale(kind: KindDefinition, current: KubeObject, scale: Scale): KubeObject {
  const replicas = scale.spec?.replicas ?? 0;
  if (replicas < 0) {
    const message = `Invalid value: ${replicas}: must be greater than or equal to 0`;
    const subject = { group: scaleKind.group, kind: scaleKind.kind, name: current.metadata.name };
    throw invalid(subject, [{ reason: 'FieldValueInvalid', field: 'spec.replicas', message }]);
  }
  const next = structuredClone(current);
  scalePaths(kind).setSpecReplicas(next, replicas);
  next.metadata.name = scale.metadata?.name ?? next.metadata.name;
  next.metadata.uid = scale.metadata?.uid ?? next.metadata.uid;
  next.metadata.resourceVersion = scale.metadata?.resourceVersion ?? next.metadata.resourceVersion;
  return next;
}
