// A board's pods as it sees them itself: those it was told to run, with the status that it reports, and static ones.
import { keyOf, type Pod } from '../../api/objects.ts';
import type { ObservedReport } from '../../mqtt/observed-publisher.ts';

export function boardPods(desired: Iterable<Pod>, reports: Iterable<ObservedReport>): Pod[] {
  const byKey = new Map([...reports].map((report) => [report.key, report]));
  const told = [...desired].map((pod) => {
    const report = byKey.get(keyOf(pod));
    return report?.uid === pod.metadata.uid ? { ...pod, status: report.status } : pod;
  });
  const own = [...byKey.values()].flatMap(({ mirror, status }) => (mirror ? [{ ...mirror, status }] : []));
  return [...told, ...own];
}
