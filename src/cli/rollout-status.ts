// How far a rollout has come, in kubectl's words: pure functions of the object.
// Source: k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go
import type { DaemonSet, Deployment, KubeObject, StatefulSet } from '../api/objects.ts';
import { CliError } from './cli-error.ts';

export interface RolloutState {
  line: string;
  done: boolean;
}

export const ROLLING_KINDS = ['Deployment', 'DaemonSet', 'StatefulSet'] as const;

/** @throws CliError for what has no rollout, or one that has failed. */
export function rolloutState(kind: string, object: KubeObject): RolloutState {
  if (kind === 'Deployment') return deploymentState(object as Deployment);
  if (kind === 'DaemonSet') return daemonSetState(object as DaemonSet);
  if (kind === 'StatefulSet') return statefulSetState(object as StatefulSet);
  throw new CliError(`no rollout of a ${kind}: there is one of a deployment, daemonset or statefulset`);
}

const going = (line: string): RolloutState => ({ line, done: false });
const isSeen = ({
  metadata,
  status,
}: {
  metadata: KubeObject['metadata'];
  status?: { observedGeneration?: number };
}) => (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0);

function deploymentState(deployment: Deployment): RolloutState {
  const { metadata, spec, status = {} } = deployment;
  if (!isSeen(deployment)) return going('Waiting for deployment spec update to be observed...');
  const { name } = metadata;
  const progressing = status.conditions?.find(({ type }) => type === 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    throw new CliError(`deployment "${name}" exceeded its progress deadline`);
  }
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const wait = `Waiting for deployment "${name}" rollout to finish:`;
  const wanted = spec.replicas ?? 1;
  if (updatedReplicas < wanted) {
    return going(`${wait} ${updatedReplicas} out of ${wanted} new replicas have been updated...`);
  }
  if (replicas > updatedReplicas) {
    return going(`${wait} ${replicas - updatedReplicas} old replicas are pending termination...`);
  }
  if (availableReplicas < updatedReplicas) {
    return going(`${wait} ${availableReplicas} of ${updatedReplicas} updated replicas are available...`);
  }
  return { line: `deployment "${name}" successfully rolled out`, done: true };
}

function daemonSetState(set: DaemonSet): RolloutState {
  const { metadata, spec, status } = set;
  if (spec.updateStrategy?.type === 'OnDelete') {
    throw new CliError('rollout status is only available for RollingUpdate strategy type');
  }
  if (!isSeen(set)) return going('Waiting for daemon set spec update to be observed...');
  const wait = `Waiting for daemon set "${metadata.name}" rollout to finish:`;
  const wanted = status?.desiredNumberScheduled ?? 0;
  const updated = status?.updatedNumberScheduled ?? 0;
  const available = status?.numberAvailable ?? 0;
  if (updated < wanted) return going(`${wait} ${updated} out of ${wanted} new pods have been updated...`);
  if (available < wanted) return going(`${wait} ${available} of ${wanted} updated pods are available...`);
  return { line: `daemon set "${metadata.name}" successfully rolled out`, done: true };
}

function statefulSetState(set: StatefulSet): RolloutState {
  const { spec, status } = set;
  if (spec.updateStrategy?.type === 'OnDelete') {
    throw new CliError('rollout status is only available for RollingUpdate strategy type');
  }
  if (!isSeen(set)) return going('Waiting for statefulset spec update to be observed...');
  const wanted = spec.replicas ?? 1;
  const ready = status?.readyReplicas ?? 0;
  if (ready < wanted) return going(`Waiting for ${wanted - ready} pods to be ready...`);
  const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  const updated = status?.updatedReplicas ?? 0;
  if (partition > 0) {
    const due = wanted - partition;
    if (updated >= due) {
      return { line: `partitioned roll out complete: ${updated} new pods have been updated...`, done: true };
    }
    return going(
      `Waiting for partitioned roll out to finish: ${updated} out of ${due} new pods have been updated...`,
    );
  }
  if (status?.updateRevision !== status?.currentRevision) {
    return going(
      `waiting for statefulset rolling update to complete ${updated} pods at revision ${status?.updateRevision}...`,
    );
  }
  const revision = status?.currentRevision;
  return {
    line: `statefulset rolling update complete ${status?.currentReplicas ?? 0} pods at revision ${revision}...`,
    done: true,
  };
}
