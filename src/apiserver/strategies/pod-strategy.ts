// Pods: born Pending with their QoS class, tolerating a lost board for a few seconds only, and leaving with grace.
import { forbiddenField } from '../../api/field-error.ts';
import type { core, Pod } from '../../api/objects.ts';
import { isFinished } from '../../api/pod-phase.ts';
import { qosClass } from '../../api/qos-class.ts';
import { invalid } from '../../api/status-error.ts';
import { NOT_READY_TAINT, UNREACHABLE_TAINT } from '../../api/taints.ts';
import type { Writable } from '../registry/prepare.ts';
import type { Strategy } from '../registry/strategy.ts';

/**
 * Upstream's DefaultTolerationSeconds gives 300 s. A cluster of small boards wants its pods back sooner: with 5 s
 * a pod of a board whose cable was pulled is replaced within 15 s (NotReady after at most 10). A pod that names
 * its own tolerations keeps them.
 */
export const DEFAULT_TOLERATION_SECONDS = 5;

const LOST_TAINTS = [NOT_READY_TAINT, UNREACHABLE_TAINT];
const DEFAULT_GRACE_SECONDS = 30;

export class PodStrategy implements Strategy<Pod> {
  readonly #tolerationSeconds: number;

  constructor(tolerationSeconds: number) {
    this.#tolerationSeconds = tolerationSeconds;
  }

  /** @throws StatusError Invalid: ephemeral containers join a pod that is there. */
  prepareForCreate(next: Writable<Pod>): void {
    if (next.spec.ephemeralContainers?.length) {
      const error = forbiddenField('spec.ephemeralContainers', 'cannot be set on create');
      throw invalid({ group: '', kind: 'Pod', name: next.metadata.name }, [error]);
    }
    next.spec.tolerations = this.#withDefaults(next.spec.tolerations ?? []);
    next.status = { phase: 'Pending', qosClass: qosClass(next.spec) };
  }

  /** As upstream's CheckGracefulDelete: nobody has to stop what no board runs. */
  gracePeriodSeconds(object: Pod, requested: number | undefined): number {
    const { spec } = object;
    if (!spec.nodeName || isFinished(object)) return 0;
    const seconds = requested ?? spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
    return seconds < 0 ? 1 : seconds;
  }

  #withDefaults(given: readonly core.Toleration[]): core.Toleration[] {
    const missing = LOST_TAINTS.filter((key) => !given.some((toleration) => covers(toleration, key)));
    const tolerationSeconds = this.#tolerationSeconds;
    return [
      ...given,
      ...missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }) as const),
    ];
  }
}

function covers(toleration: core.Toleration, taintKey: string): boolean {
  const anyEffect = !toleration.effect || toleration.effect === 'NoExecute';
  return anyEffect && (toleration.key === taintKey || !toleration.key);
}
