// LimitRange: fills in what containers do not ask for, and refuses what asks for too much or too little.
// https://kubernetes.io/docs/concepts/policy/limit-range/
import type { core, KubeObject, LimitRange, PersistentVolumeClaim, Pod } from '../../api/objects.ts';
import { isSameSize, resizableContainers } from '../../api/pod-resize.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { forbidden } from '../../api/status-error.ts';
import type { Store } from '../../store/store.ts';
import { storePrefix } from '../registry/keys.ts';
import { resourceSubject } from '../registry/prepare.ts';
import { type AdmissionPlugin, isPods } from './admission.ts';
import { claimProblems, podProblems } from './limit-rules.ts';

const LIMIT_RANGES = { group: '', plural: 'limitranges', namespaced: true } as const;
const ANNOTATION = 'kubernetes.io/limit-ranger';

type Resources = { requests?: Record<string, string>; limits?: Record<string, string> };

export class LimitRanger implements AdmissionPlugin {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  prepare(kind: KindDefinition, next: KubeObject): void {
    if (!isPods(kind)) return;
    const pod = next as Pod;
    const notes = this.#ranges(next).flatMap((range) => fillIn(pod, range));
    if (notes.length === 0) return;
    const text = `LimitRanger plugin set: ${notes.join('; ')}`;
    pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: text };
  }

  check(kind: KindDefinition, next: KubeObject, previous: KubeObject | undefined): void {
    const problems = isPods(kind)
      ? previous === undefined || isResized(next as Pod, previous as Pod)
        ? this.#ranges(next).flatMap(({ spec }) =>
            (spec.limits ?? []).flatMap((item) => podProblems(item, (next as Pod).spec)),
          )
        : []
      : isClaims(kind)
        ? this.#ranges(next).flatMap(({ spec }) =>
            (spec.limits ?? []).flatMap((item) => claimProblems(item, next as PersistentVolumeClaim)),
          )
        : [];
    if (problems.length === 0) return;
    const text = problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]`;
    throw forbidden(resourceSubject(kind, next.metadata.name), text);
  }

  #ranges({ metadata }: KubeObject): LimitRange[] {
    const prefix = storePrefix(LIMIT_RANGES, metadata.namespace ?? '');
    return this.#store.list(prefix).map(({ value }) => value as LimitRange);
  }
}

/** Nothing but `pods/resize` can do that. */
const isResized = ({ spec: next }: Pod, { spec: previous }: Pod): boolean =>
  resizableContainers(next).some(
    ({ resources }, i) => !isSameSize(resources, resizableContainers(previous)[i]?.resources),
  );

const isClaims = ({ group, plural }: KindDefinition): boolean =>
  group === '' && plural === 'persistentvolumeclaims';

/** Not validated yet, so anything may be missing. @returns what was filled in, in upstream's words. */
function fillIn({ spec }: Pod, range: LimitRange): string[] {
  const items = (range.spec.limits ?? []).filter(({ type }) => type === 'Container');
  const requests = Object.assign({}, ...items.map(({ defaultRequest }) => defaultRequest));
  const most = Object.assign({}, ...items.map((item) => item.default));
  const init = (spec.initContainers ?? []).flatMap((container) =>
    fillOne(container, 'init container', requests, most),
  );
  return [
    ...(spec.containers ?? []).flatMap((container) => fillOne(container, 'container', requests, most)),
    ...init,
  ];
}

function fillOne(
  container: core.Container,
  what: string,
  requests: Readonly<Record<string, string>>,
  limits: Readonly<Record<string, string>>,
): string[] {
  container.resources ??= {};
  const resources = container.resources as Resources;
  const fill = (which: 'requests' | 'limits', given: Readonly<Record<string, string>>): string[] => {
    const names = Object.keys(given).filter((name) => resources[which]?.[name] === undefined);
    if (names.length === 0) return [];
    const added = Object.fromEntries(names.map((name) => [name, given[name]!]));
    resources[which] = { ...resources[which], ...added };
    return [`${names.toSorted().join(', ')} ${which.slice(0, -1)} for ${what} ${container.name}`];
  };
  return [...fill('requests', requests), ...fill('limits', limits)];
}
