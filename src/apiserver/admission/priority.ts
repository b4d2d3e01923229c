// A pod's priority comes from its PriorityClass, or from the class that counts for all who name none.
// https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
import type { KubeObject, Pod, PriorityClass } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { forbidden } from '../../api/status-error.ts';
import type { Store } from '../../store/store.ts';
import { storeKey, storePrefix } from '../registry/keys.ts';
import { resourceSubject } from '../registry/prepare.ts';
import { type AdmissionPlugin, isPods } from './admission.ts';

const CLASSES = { group: 'scheduling.k8s.io', plural: 'priorityclasses', namespaced: false } as const;

/** What holds where the class is not stored: the system's own are there from the first moment on. */
const SYSTEM_CLASSES: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};

interface Priority {
  value: number;
  preemptionPolicy: string;
  name?: string;
}

export class PriorityAdmission implements AdmissionPlugin {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  prepare(kind: KindDefinition, next: KubeObject): void {
    if (!isPods(kind)) return;
    const pod = next as Pod;
    const refuse = (why: string) => forbidden(resourceSubject(kind, pod.metadata.name), why);
    const priority = this.#priorityOf(pod.spec.priorityClassName);
    if (!priority) {
      throw refuse(`no PriorityClass with name ${pod.spec.priorityClassName} was found`);
    }
    const { value, preemptionPolicy, name } = priority;
    const given = pod.spec.priority;
    if (given !== undefined && given !== value) {
      throw refuse(
        `the integer value of priority (${given}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      );
    }
    const policy = pod.spec.preemptionPolicy;
    if (policy !== undefined && policy !== preemptionPolicy) {
      throw refuse(
        `the string value of PreemptionPolicy (${policy}) must not be provided in pod spec; priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`,
      );
    }
    if (name) pod.spec.priorityClassName = name;
    pod.spec.priority = value;
    pod.spec.preemptionPolicy = preemptionPolicy;
  }

  /** Only one class may count for all. */
  check(kind: KindDefinition, next: KubeObject): void {
    if (kind.group !== CLASSES.group || kind.plural !== CLASSES.plural) return;
    if (!(next as PriorityClass).globalDefault) return;
    const other = this.#default();
    if (!other || other.metadata.name === next.metadata.name) return;
    const why = `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`;
    throw forbidden(resourceSubject(kind, next.metadata.name), why);
  }

  #priorityOf(className: string | undefined): Priority | undefined {
    const found = className ? this.#class(className) : this.#default();
    if (found) return { ...policyOf(found), ...(className ? {} : { name: found.metadata.name }) };
    if (!className) return { value: 0, preemptionPolicy: 'PreemptLowerPriority' };
    const value = SYSTEM_CLASSES[className];
    return value === undefined ? undefined : { value, preemptionPolicy: 'PreemptLowerPriority' };
  }

  #class(name: string): PriorityClass | undefined {
    return this.#store.get(storeKey(CLASSES, undefined, name))?.value as PriorityClass | undefined;
  }

  /** Of several, which only a race can make, the lowest counts. */
  #default(): PriorityClass | undefined {
    const classes = this.#store.list(storePrefix(CLASSES)).map(({ value }) => value as PriorityClass);
    return classes.filter(({ globalDefault }) => globalDefault).sort((a, b) => a.value - b.value)[0];
  }
}

const policyOf = ({ value, preemptionPolicy }: PriorityClass): Priority => ({
  value,
  preemptionPolicy: preemptionPolicy ?? 'PreemptLowerPriority',
});
