// What a Job's podFailurePolicy says about one failed pod: the first rule that matches decides.
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
import { type batch, type core, keyOf, type Pod } from '../api/objects.ts';

interface FailureVerdict {
  /** Whether it counts towards the back-off limit. */
  counts: boolean;
  /** Its index is not tried again. */
  failsIndex?: boolean;
  /** Why the whole job fails of it, in upstream's words. */
  jobFailure?: string;
}

export function judgeFailure(policy: batch.PodFailurePolicy | undefined, pod: Pod): FailureVerdict {
  for (const [at, rule] of (policy?.rules ?? []).entries()) {
    const why = matchExitCodes(rule.onExitCodes, pod) ?? matchConditions(rule.onPodConditions, pod);
    if (why === undefined) continue;
    if (rule.action === 'Ignore') return { counts: false };
    if (rule.action === 'FailIndex') return { counts: true, failsIndex: true };
    if (rule.action !== 'FailJob') return { counts: true };
    return { counts: true, jobFailure: `${why} matching FailJob rule at index ${at}` };
  }
  return { counts: true };
}

function matchExitCodes(
  codes: batch.PodFailurePolicyOnExitCodesRequirement | undefined,
  pod: Pod,
): string | undefined {
  if (!codes) return undefined;
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const failed = [...containerStatuses, ...initContainerStatuses].find((container) =>
    matchesCode(codes, container),
  );
  if (!failed) return undefined;
  return `Container ${failed.name} for pod ${keyOf(pod)} failed with exit code ${failed.state?.terminated?.exitCode}`;
}

/** Success is no failure, whatever the rule says. */
function matchesCode(
  { operator, values, containerName }: batch.PodFailurePolicyOnExitCodesRequirement,
  { name, state }: core.ContainerStatus,
): boolean {
  const exitCode = state?.terminated?.exitCode ?? 0;
  if (exitCode === 0 || (containerName && containerName !== name)) return false;
  return values.includes(exitCode) === (operator === 'In');
}

function matchConditions(
  patterns: readonly batch.PodFailurePolicyOnPodConditionsPattern[] | undefined,
  pod: Pod,
): string | undefined {
  const found = (pod.status?.conditions ?? []).find(({ type, status }) =>
    (patterns ?? []).some((pattern) => pattern.type === type && pattern.status === status),
  );
  return found && `Pod ${keyOf(pod)} has condition ${found.type}`;
}
