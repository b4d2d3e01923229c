// Which boards an object matters to: those with a pod that names it. Pure.
import type { Pod } from '../api/objects.ts';
import { podReferences } from '../api/pod-references.ts';
import { accountKeyOf } from './pod-tokens.ts';

/** `pods` are those of the ConfigMap's, Secret's or claim's namespace; also of one that was missing until now. */
export function boardsUsing(
  pods: Iterable<Pod>,
  sort: 'configs' | 'secrets' | 'claims',
  name: string,
): Set<string> {
  return boardsWhere(pods, (pod) => {
    const { configMaps: configs, secrets, claims } = podReferences(pod);
    return { configs, secrets, claims }[sort].has(name);
  });
}

/** `account` is `namespace/name`. */
export function boardsRunningAs(pods: Iterable<Pod>, account: string): Set<string> {
  return boardsWhere(pods, (pod) => accountKeyOf(pod) === account);
}

/** `pods` are those of all namespaces. */
export function boardsOfClass(pods: Iterable<Pod>, runtimeClass: string): Set<string> {
  return boardsWhere(pods, ({ spec }) => spec.runtimeClassName === runtimeClass);
}

function boardsWhere(pods: Iterable<Pod>, concerns: (pod: Pod) => boolean): Set<string> {
  const boards = new Set<string>();
  for (const pod of pods) {
    if (pod.spec.nodeName && concerns(pod)) boards.add(pod.spec.nodeName);
  }
  return boards;
}
