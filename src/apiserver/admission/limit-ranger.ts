// LimitRange: fills in what containers do not ask for, and refuses what asks for too much or too little.
// https://kubernetes.io/docs/concepts/policy/limit-range/
import type { core, KubeObject, LimitRange, PersistentVolumeClaim, Pod } from '../../api/objects.ts';
import { isSameSize, resizableContainers } from '../../api/pod-resize.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { forbidden } from '../../api/status-error.ts';
import type { Store } from '../../store/store.ts';
import { storePrefix } from '../registry/keys.ts';
import { resourceSubject } from '../registry/prepare.ts';
import { type AdmissionPlugin, isClaims, isPods } from './admission.ts';
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
    for (const range of this.#ranges(next)) {
      const notes = fillIn(pod, range);
      if (notes.length === 0) continue;
      // Of several ranges the last one is heard of, as upstream.
      const text = `LimitRanger plugin set: ${notes.join('; ')}`;
      pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: text };
    }
  }

  /** One range after the other: what the first that minds says is told. */
  check(kind: KindDefinition, next: KubeObject, previous: KubeObject | undefined): void {
    if (previous?.metadata.deletionTimestamp) return;
    const problemsOf = problemsFor(kind, next, previous);
    if (!problemsOf) return;
    for (const { spec } of this.#ranges(next)) {
      const problems = new Set((spec.limits ?? []).flatMap(problemsOf));
      if (problems.size > 0) throw forbidden(resourceSubject(kind, next.metadata.name), together(problems));
    }
  }

  #ranges({ metadata }: KubeObject): LimitRange[] {
    const prefix = storePrefix(LIMIT_RANGES, metadata.namespace ?? '');
    return this.#store.list(prefix).map(({ value }) => value as LimitRange);
  }
}

type Item = core.LimitRangeItem;

/** `undefined` = no range minds this write. */
function problemsFor(
  kind: KindDefinition,
  next: KubeObject,
  previous: KubeObject | undefined,
): ((item: Item) => string[]) | undefined {
  if (isClaims(kind)) return (item) => claimProblems(item, next as PersistentVolumeClaim);
  const isNew = isPods(kind) && (!previous || isResized(next as Pod, previous as Pod));
  return isNew ? (item) => podProblems(item, (next as Pod).spec) : undefined;
}

/** As Go shows several errors: each sentence once. */
function together(problems: ReadonlySet<string>): string {
  const text = [...problems].join(', ');
  return problems.size === 1 ? text : `[${text}]`;
}

/** Nothing but `pods/resize` can do that. */
const isResized = ({ spec: next }: Pod, { spec: previous }: Pod): boolean =>
  resizableContainers(next).some(
    ({ resources }, i) => !isSameSize(resources, resizableContainers(previous)[i]?.resources),
  );

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
