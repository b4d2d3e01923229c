// Which of the ready endpoints a board prefers: those that are hinted for it, else those hinted for its zone, else all.
// The hints are the EndpointSlices', who sets them decides. Pure.
// https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-distribution
import { hintsOf } from '../api/endpoint-hints.ts';
import type { discovery } from '../api/objects.ts';

/** Where a board is. */
export interface Place {
  nodeName: string;
  /** Absent or `undefined`: nobody has said. */
  zone?: string | undefined;
}

/** Whom an endpoint is for; empty = no hint. */
export interface Hinted {
  forNodes: readonly string[];
  forZones: readonly string[];
}

export function hintedNames(endpoint: discovery.Endpoint): Hinted {
  const { forNodes, forZones } = hintsOf(endpoint);
  return { forNodes: forNodes.map(({ name }) => name), forZones: forZones.map(({ name }) => name) };
}

/** As upstream: hints of one kind count where every endpoint has one, and one of them is for here. */
export function preferred<E extends Hinted>(ready: readonly E[], { nodeName, zone }: Place): readonly E[] {
  const sameNode = hintedFor(ready, ({ forNodes }) => forNodes, nodeName);
  return sameNode ?? hintedFor(ready, ({ forZones }) => forZones, zone) ?? ready;
}

function hintedFor<E>(
  ready: readonly E[],
  hints: (endpoint: E) => readonly string[],
  here: string | undefined,
): readonly E[] | undefined {
  if (here === undefined || ready.some((endpoint) => hints(endpoint).length === 0)) return undefined;
  const found = ready.filter((endpoint) => hints(endpoint).includes(here));
  return found.length > 0 ? found : undefined;
}
