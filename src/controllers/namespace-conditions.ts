// Why a namespace that is being deleted is still there, in upstream's words. Pure.
// Source: pkg/controller/namespace/deletion/status_condition_utils.go
import { withCondition } from '../api/conditions.ts';
import type { core, KubeObject } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';

/** What is left of one kind. */
export interface Remainder {
  kind: Pick<KindDefinition, 'group' | 'plural'>;
  objects: readonly KubeObject[];
}

export function remainingConditions(
  conditions: readonly core.NamespaceCondition[] | undefined,
  left: readonly Remainder[],
  nowMs: number,
): core.NamespaceCondition[] {
  const resources = left.map(
    ({ kind, objects }) => `${kind.plural}.${kind.group} has ${objects.length} resource instances`,
  );
  const finalizers = countFinalizers(left).map(([name, count]) => `${name} in ${count} resource instances`);
  const content = condition(
    'NamespaceContentRemaining',
    resources,
    'Some resources are remaining: ',
    'All content successfully removed',
  );
  const held = condition(
    'NamespaceFinalizersRemaining',
    finalizers,
    'Some content in the namespace has finalizers remaining: ',
    'All content-preserving finalizers finished',
  );
  return [...UNTROUBLED, content, held].reduce<core.NamespaceCondition[]>(
    (told, next) => withCondition(told, next, nowMs),
    [...(conditions ?? [])],
  );
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
  {
    type: 'NamespaceDeletionContentFailure',
    status: 'False',
    reason: 'ContentDeleted',
    message: 'All content successfully deleted, may be waiting on finalization',
  },
];

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
