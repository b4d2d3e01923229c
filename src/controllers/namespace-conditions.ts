// Why a namespace that is being deleted is still there, in upstream's words. Pure.
// Source: pkg/controller/namespace/deletion/status_condition_utils.go
import { withCondition } from '../api/conditions.ts';
import type { core, KubeObject, Namespace, Pod } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import type { KindDefinition } from '../api/scheme.ts';

/** What is left of one kind. */
export interface Remainder {
  kind: Pick<KindDefinition, 'group' | 'plural' | 'version'>;
  objects: readonly KubeObject[];
}

/** What came of one look at a namespace. */
export interface Emptied {
  left: readonly Remainder[];
  /** Why kinds could not be emptied, in words. */
  failures: readonly string[];
}

export function remainingConditions(
  conditions: readonly core.NamespaceCondition[] | undefined,
  { left, failures }: Emptied,
  nowMs: number,
): core.NamespaceCondition[] {
  const resources = left.map(
    ({ kind, objects }) => `${kind.plural}.${kind.group} has ${objects.length} resource instances`,
  );
  const finalizers = countFinalizers(left).map(([name, count]) => `${name} in ${count} resource instances`);
  const content = condition(
    'NamespaceContentRemaining',
    resources.toSorted(),
    'Some resources are remaining: ',
    'All content successfully removed',
  );
  const held = condition(
    'NamespaceFinalizersRemaining',
    finalizers,
    'Some content in the namespace has finalizers remaining: ',
    'All content-preserving finalizers finished',
  );
  return [...UNTROUBLED, deletion(failures), content, held].reduce<core.NamespaceCondition[]>(
    (told, next) => withCondition(told, next, nowMs),
    [...(conditions ?? [])],
  );
}

/**
 * Kinds of which something is left although nothing holds it and, of pods, their grace is over, counted from the
 * deletion of the namespace. Source: namespaced_resources_deleter.go deleteAllContentForGroupVersionResource
 */
export function unexpectedlyLeft(namespace: Namespace, left: readonly Remainder[], nowMs: number): string[] {
  return left
    .filter(({ objects }) => objects.every(({ metadata }) => !metadata.finalizers?.length))
    .filter((remainder) => graceMs(namespace, remainder, nowMs) === 0)
    .map(({ kind: { group, version, plural } }) => {
      const { name } = namespace.metadata;
      return `unexpected items still remain in namespace: ${name} for gvr: ${group}/${version}, Resource=${plural}`;
    });
}

/** Milliseconds for which what is left may still take its time: pods have a grace, nothing else has. */
export function graceMs(namespace: Namespace, { kind, objects }: Remainder, nowMs: number): number {
  if (kind.group !== '' || kind.plural !== 'pods') return 0;
  const running = (objects as Pod[]).filter((pod) => !isFinished(pod));
  const seconds = Math.max(0, ...running.map(({ spec }) => spec.terminationGracePeriodSeconds ?? 0));
  const sinceMs = Date.parse(namespace.metadata.deletionTimestamp ?? '');
  return Math.max(0, sinceMs + seconds * 1000 - nowMs);
}

/** What can go wrong with kinds that come from elsewhere; all of ours are known, so it never does. */
const UNTROUBLED: readonly core.NamespaceCondition[] = [
  {
    type: 'NamespaceDeletionDiscoveryFailure',
    status: 'False',
    reason: 'ResourcesDiscovered',
    message: 'All resources successfully discovered',
  },
  {
    type: 'NamespaceDeletionGroupVersionParsingFailure',
    status: 'False',
    reason: 'ParsedGroupVersions',
    message: 'All legacy kube types successfully parsed',
  },
];

function deletion(failures: readonly string[]): core.NamespaceCondition {
  const type = 'NamespaceDeletionContentFailure';
  if (failures.length === 0) {
    const message = 'All content successfully deleted, may be waiting on finalization';
    return { type, status: 'False', reason: 'ContentDeleted', message };
  }
  const why = failures.toSorted().join(', ');
  const message = `Failed to delete all resource types, ${failures.length} remaining: ${why}`;
  return { type, status: 'True', reason: 'ContentDeletionFailed', message };
}

function condition(
  type: string,
  left: readonly string[],
  prefix: string,
  none: string,
): core.NamespaceCondition {
  const isContent = type === 'NamespaceContentRemaining';
  if (left.length === 0) {
    const reason = isContent ? 'ContentRemoved' : 'ContentHasNoFinalizers';
    return { type, status: 'False', reason, message: none };
  }
  const reason = isContent ? 'SomeResourcesRemain' : 'SomeFinalizersRemain';
  return { type, status: 'True', reason, message: `${prefix}${left.join(', ')}` };
}

function countFinalizers(left: readonly Remainder[]): [name: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { metadata } of left.flatMap(({ objects }) => objects)) {
    for (const name of metadata.finalizers ?? []) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}
