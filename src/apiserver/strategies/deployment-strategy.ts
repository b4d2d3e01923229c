// Deployments: who writes the status cannot change the labels, as upstream has it for this kind alone.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/
import type { Deployment } from '../../api/objects.ts';
import type { Strategy } from '../registry/strategy.ts';

export class DeploymentStrategy implements Strategy<Deployment> {
  prepareForStatus(next: Deployment, previous: Deployment): void {
    if (previous.metadata.labels === undefined) delete next.metadata.labels;
    else next.metadata.labels = { ...previous.metadata.labels };
  }
}
