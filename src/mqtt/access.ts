// Who may write and read which topic: the table of docs/mqtt.md as code, and the only place that decides it.
import { levelsOf, NO_OBJECT } from './topics.ts';

/** Who is at the other end of a connection. The node's name comes from its certificate. */
export interface NodePeer {
  role: 'node';
  node: string;
}
/**
 * An application, by the token of its pod: it publishes numbers about these subjects, and about no object at all in its
 * namespace, and reads nothing.
 */
export interface PodPeer {
  role: 'pod';
  namespace: string;
  name: string;
  subjects: ReadonlySet<string>;
}
export type Peer = NodePeer | PodPeer | { role: 'inspect' };

/** What a number is about, within a namespace. */
export const subjectOf = (kind: string, name: string): string => `${kind}/${name}`;

type Retention = 'retained' | 'passing';

/** What a board may write below `nodes/<its name>/`, by the levels after the name. */
const ownTopics: readonly { pattern: readonly string[]; retention: Retention }[] = [
  { pattern: ['state'], retention: 'retained' },
  { pattern: ['heartbeat'], retention: 'passing' },
  { pattern: ['metrics'], retention: 'passing' },
  { pattern: ['events'], retention: 'passing' },
  { pattern: ['images'], retention: 'retained' },
  { pattern: ['observed', 'index'], retention: 'retained' },
  { pattern: ['observed', 'pods', '+', '+'], retention: 'retained' },
  { pattern: ['observed', 'volumes'], retention: 'retained' },
];

const matches = (pattern: readonly string[], levels: readonly string[]) =>
  pattern.length === levels.length && pattern.every((level, i) => level === '+' || level === levels[i]);

/** How the peer may publish there; `undefined` = not at all. People on the inspect listener only read. */
export function mayPublish(peer: Peer, topic: string): Retention | undefined {
  if (peer.role === 'pod') return podPublishes(peer, levelsOf(topic) ?? []);
  if (peer.role !== 'node') return undefined;
  const [area, node, ...rest] = levelsOf(topic) ?? [];
  if (area !== 'nodes' || node !== peer.node) return undefined;
  return ownTopics.find(({ pattern }) => matches(pattern, rest))?.retention;
}

function podPublishes({ namespace, subjects }: PodPeer, levels: readonly string[]): Retention | undefined {
  const [area, within, kind = '', name = '', metric, ...more] = levels;
  const isMetric = area === 'metrics' && within === namespace && Boolean(name && metric) && more.length === 0;
  const isOwn = kind === NO_OBJECT || subjects.has(subjectOf(kind, name));
  return isMetric && isOwn ? 'passing' : undefined;
}

/** `masked`: values of environment variables must be hidden first. */
type Reading = 'whole' | 'masked' | 'no';

/** Whether a message on `topic` may go to the peer; asked for live and for retained messages alike. */
export function mayReceive(peer: Peer, topic: string): Reading {
  const levels = levelsOf(topic);
  if (!levels) return 'no';
  if (peer.role === 'pod') return 'no';
  return peer.role === 'node' ? nodeReads(peer.node, levels) : inspectReads(levels);
}

function nodeReads(self: string, [area, node, what]: string[]): Reading {
  if (area === 'services' || area === 'network' || area === 'ingress') return 'whole';
  if (area !== 'nodes') return 'no';
  return node === self || what === 'state' || what === 'images' ? 'whole' : 'no';
}

function inspectReads([area, , what, sort]: string[]): Reading {
  if (area !== 'nodes') return 'whole';
  // A session request names the path that a board dials back: who reads it could dial first.
  if (what === 'sessions') return 'no';
  if (what === 'desired' && sort === 'secrets') return 'no';
  // A board's report on a static pod holds the pod.
  const holdsPod = (what === 'desired' || what === 'observed') && sort === 'pods';
  return holdsPod ? 'masked' : 'whole';
}

/** Filters that could never match anything readable are refused at once, so that a typo is not silence. */
export function maySubscribe(filter: string): boolean {
  const [root, version] = filter.split('/');
  if (root === '#') return true;
  if (root !== 'edge' && root !== '+') return false;
  return version === 'v1' || version === '+' || version === '#';
}
