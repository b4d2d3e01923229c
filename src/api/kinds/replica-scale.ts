// The scale subresource of the kinds that count their pods in `spec.replicas` and select them with a LabelSelector.
import { formatLabelSelector, selectorFromObject } from '../label-selector.ts';
import type { KubeObject, meta } from '../objects.ts';
import type { ScalePaths } from '../scheme.ts';

interface Replicated extends KubeObject {
  spec: { replicas?: number; selector?: meta.LabelSelector };
  status?: { replicas?: number };
}

export const replicaScale: ScalePaths = {
  specReplicas: (object) => (object as Replicated).spec.replicas ?? 0,
  setSpecReplicas: (object, replicas) => {
    (object as Replicated).spec.replicas = replicas;
  },
  statusReplicas: (object) => (object as Replicated).status?.replicas ?? 0,
  selector: (object) => formatLabelSelector(selectorFromObject((object as Replicated).spec.selector) ?? []),
};
