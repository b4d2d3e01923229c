// What a pod's RuntimeClass adds to it: its overhead, and where such pods may run. A class that is not there, and what
// contradicts it, is refused. https://kubernetes.io/docs/concepts/containers/runtime-class/
import { isDeepStrictEqual } from 'node:util';
import type { core, KubeObject, Pod, RuntimeClass } from '../../api/objects.ts';
import { compareQuantities, tryParseQuantity } from '../../api/quantity.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { forbidden } from '../../api/status-error.ts';
import type { Store } from '../../store/store.ts';
import { storeKey } from '../registry/keys.ts';
import { resourceSubject } from '../registry/prepare.ts';
import { type AdmissionPlugin, isPods } from './admission.ts';

const CLASSES = { group: 'node.k8s.io', plural: 'runtimeclasses', namespaced: false } as const;

type Amounts = Readonly<Record<string, string>>;
type Refuse = (why: string) => Error;

export class RuntimeClassAdmission implements AdmissionPlugin {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  prepare(kind: KindDefinition, next: KubeObject): void {
    if (!isPods(kind)) return;
    const { spec, metadata } = next as Pod;
    const refuse: Refuse = (why) => forbidden(resourceSubject(kind, metadata.name), why);
    const { runtimeClassName: name } = spec;
    const found = name ? this.#class(name) : undefined;
    if (name && !found) throw refuse(`pod rejected: RuntimeClass "${name}" not found`);
    setOverhead(spec, found?.overhead?.podFixed, refuse);
    if (found?.scheduling) setScheduling(spec, found.scheduling, refuse);
  }

  #class(name: string): RuntimeClass | undefined {
    return this.#store.get(storeKey(CLASSES, undefined, name))?.value as RuntimeClass | undefined;
  }
}

/** An overhead is the class's to say; who copies a pod may repeat it. */
function setOverhead(spec: core.PodSpec, overhead: Amounts | undefined, refuse: Refuse): void {
  const given = spec.overhead as Amounts | undefined;
  if (!overhead) {
    if (!given || Object.keys(given).length === 0) return;
    throw refuse('pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
  }
  if (given && !isSameAmounts(given, overhead)) {
    throw refuse("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  }
  spec.overhead = { ...overhead };
}

function isSameAmounts(a: Amounts, b: Amounts): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => isSameAmount(a[name], b[name]));
}

function isSameAmount(a: string | undefined, b: string | undefined): boolean {
  const [one, other] = [tryParseQuantity(a ?? ''), tryParseQuantity(b ?? '')];
  return one !== undefined && other !== undefined && compareQuantities(one, other) === 0;
}

type Scheduling = NonNullable<RuntimeClass['scheduling']>;

function setScheduling(spec: core.PodSpec, scheduling: Scheduling, refuse: Refuse): void {
  const own = spec.nodeSelector ?? {};
  for (const [key, wanted] of Object.entries(scheduling.nodeSelector ?? {})) {
    if (own[key] === undefined || own[key] === wanted) continue;
    const sides = `runtimeClass.scheduling.nodeSelector[${key}] = ${wanted}; pod.spec.nodeSelector[${key}] = ${own[key]}`;
    throw refuse(`conflict: ${sides}`);
  }
  if (scheduling.nodeSelector) spec.nodeSelector = { ...own, ...scheduling.nodeSelector };
  const { tolerations = [] } = spec;
  const more = (scheduling.tolerations ?? []).filter(
    (toleration) => !tolerations.some((known) => isDeepStrictEqual(known, toleration)),
  );
  if (more.length > 0) spec.tolerations = [...tolerations, ...more];
}
