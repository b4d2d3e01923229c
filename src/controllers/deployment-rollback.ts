// Going back to a former revision on the controller's side, asked for by the annotation that stands for the former
// field `spec.rollbackTo` (0 = the one before): a pure decision. kubectl of today changes the template by itself.
// Source: pkg/controller/deployment/rollback.go
import type { Deployment } from '../api/objects.ts';
import { allSets, ROLLBACK_TO, type Rollout, revisionOf, withAnnotationsOf } from './deployment-revisions.ts';
import { sameTemplate, withoutHash } from './pod-template-hash.ts';

export interface Rollback {
  /** As it is to be written: without the wish, and with the former template where it was found. */
  deployment: Deployment;
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

/** What is no number counts as nothing. */
export const isRollbackWanted = ({ metadata }: Deployment): boolean =>
  /^[+-]?\d{1,18}$/.test(metadata.annotations?.[ROLLBACK_TO] ?? '');

/** `undefined` = nobody asks for one; or it is paused, or has no ReplicaSet yet to come back to from there: it waits. */
export function rollbackOf(rollout: Rollout): Rollback | undefined {
  const { deployment, newSet } = rollout;
  if (!isRollbackWanted(deployment) || deployment.spec.paused || !newSet) return undefined;
  const asked = BigInt(deployment.metadata.annotations?.[ROLLBACK_TO]?.replace('+', '') ?? 0);
  const wanted = asked === 0n ? revisionBefore(rollout) : asked;
  if (wanted === 0n) return notFound(deployment, 'Unable to find last revision.');
  const set = allSets(rollout).find((one) => revisionOf(one) === wanted);
  if (!set) return notFound(deployment, 'Unable to find the revision to rollback to.');
  const { name } = deployment.metadata;
  if (sameTemplate(set.spec.template, deployment.spec.template)) {
    const message = `The rollback revision contains the same template as current deployment "${name}"`;
    return warning(deployment, 'DeploymentRollbackTemplateUnchanged', message);
  }
  const template = withoutHash(set.spec.template);
  const back = withAnnotationsOf(withoutWish(deployment), set);
  return {
    deployment: { ...back, spec: { ...back.spec, template } },
    type: 'Normal',
    reason: 'DeploymentRollback',
    message: `Rolled back deployment "${name}" to revision ${wanted}`,
  };
}

/** The second highest; 0 where there is none. */
function revisionBefore(rollout: Rollout): bigint {
  const [, before] = allSets(rollout)
    .map(revisionOf)
    .toSorted((a, b) => Number(b - a));
  return before ?? 0n;
}

const notFound = (deployment: Deployment, message: string): Rollback =>
  warning(deployment, 'DeploymentRollbackRevisionNotFound', message);

function warning(deployment: Deployment, reason: string, message: string): Rollback {
  return { deployment: withoutWish(deployment), type: 'Warning', reason, message };
}

function withoutWish(deployment: Deployment): Deployment {
  const { [ROLLBACK_TO]: _, ...annotations } = deployment.metadata.annotations ?? {};
  return { ...deployment, metadata: { ...deployment.metadata, annotations } };
}
