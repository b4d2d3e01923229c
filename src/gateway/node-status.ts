// What a board says of itself, as a Kubernetes Node. Pure: the stored Node and the board's presence in, the
// Node as it should be out. A person's own labels, taints, extended resources and `unschedulable` are never touched.
// https://kubernetes.io/docs/reference/node/node-status/
import { isDeepStrictEqual } from 'node:util';
import { PRESSURES } from '../api/board-conditions.ts';
import { findCondition, sameCondition, withCondition } from '../api/conditions.ts';
import { extendedResources } from '../api/extended-resources.ts';
import { INGRESS_BOARD_LABEL } from '../api/ingress/board-ingress.ts';
import { type core, type Node, timestamp } from '../api/objects.ts';
import type { NodeBirth } from '../mqtt/messages.ts';
import type { Presence } from './node-presence.ts';

type NodeCondition = core.NodeCondition & { lastTransitionTime?: string };

/** Labels that a board may set on its own Node: nothing else, or it could attract pods of another's choosing. */
const OWN_LABELS = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'node.kubernetes.io/instance-type',
]);
const STOPPED = { reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' };
const NEVER = { reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.' };

const OWN_PREFIX = 'edge-cluster.io/';

export function boardLabels(birth: NodeBirth | undefined): Record<string, string> {
  const own = Object.entries(birth?.labels ?? {}).filter(
    ([name]) => OWN_LABELS.has(name) || name.startsWith(OWN_PREFIX),
  );
  return Object.fromEntries(own);
}

/** The Node with the board's labels, or the same object where they are there already. */
export function withBoardLabels(node: Node, birth: NodeBirth | undefined): Node {
  const labels = { ...node.metadata.labels, ...boardLabels(birth) };
  // Only the board knows whether it serves: what it does not say any more is over.
  if (birth && !(INGRESS_BOARD_LABEL in birth.labels)) delete labels[INGRESS_BOARD_LABEL];
  if (isDeepStrictEqual(labels, node.metadata.labels ?? {})) return node;
  return { ...node, metadata: { ...node.metadata, labels } };
}

/** The Node with its status as the presence has it, or the same object where nothing but times would change. */
export function withPresence(node: Node, presence: Presence, nowMs: number): Node {
  const { birth } = presence;
  const known = birth && presence.standing === 'online' ? statusOfBirth(birth, node) : {};
  const ready = readyCondition(presence, node);
  const before = findCondition(node.status?.conditions, 'Ready');
  const isSame = !ready || sameCondition(before as never, ready as never);
  const own = withBoardConditions(node.status?.conditions, presence, nowMs);
  const conditions = isSame ? own : withReady(own, ready, nowMs);
  const status = { ...node.status, ...known, ...(conditions ? { conditions } : {}) };
  return isDeepStrictEqual(status, node.status ?? {}) ? node : { ...node, status };
}

/** Extended resources that a person wrote into the capacity stay, all of them allocatable, as upstream. */
function statusOfBirth(birth: NodeBirth, { status }: Node): core.NodeStatus {
  const { addresses, nodeInfo } = birth;
  const extended = extendedResources(status?.capacity);
  const capacity = { ...extended, ...birth.capacity };
  return { addresses, capacity, allocatable: { ...extended, ...birth.allocatable }, nodeInfo };
}

/** What the board says of itself; of a silent one nobody knows. Conditions of others stay as they are. */
function withBoardConditions(
  before: core.NodeCondition[] | undefined,
  { standing, conditions = [] }: Presence,
  nowMs: number,
): core.NodeCondition[] | undefined {
  if (standing === 'awaited') return before;
  const said = standing === 'online' ? conditions : unknownConditions(before);
  const changed = said.filter(
    (next) => !sameCondition(findCondition(before, next.type) as never, next as never),
  );
  if (changed.length === 0) return before;
  const lastHeartbeatTime = timestamp(nowMs);
  const join = (list: core.NodeCondition[], next: core.NodeCondition) =>
    withCondition(list as never[], { ...next, lastHeartbeatTime } as never, nowMs) as core.NodeCondition[];
  return changed.reduce(join, before ?? []);
}

function unknownConditions(before: core.NodeCondition[] | undefined): core.NodeCondition[] {
  const types = PRESSURES.filter((type) => findCondition(before, type));
  return types.map((type) => ({ type, status: 'Unknown', ...STOPPED }));
}

/** `undefined` while a board is awaited: what was stored last still stands. */
function readyCondition(presence: Presence, node: Node): NodeCondition | undefined {
  if (presence.standing === 'awaited') return undefined;
  if (presence.standing === 'offline') return unknownCondition(node);
  if (presence.problem) return { type: 'Ready', status: 'False', ...presence.problem };
  // Without a birth there is no board to run anything on yet.
  if (!presence.birth) return undefined;
  return {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'kubelet is posting ready status',
  };
}

function unknownCondition(node: Node): NodeCondition {
  const before = findCondition(node.status?.conditions, 'Ready');
  const hasSpoken = before !== undefined && before.reason !== NEVER.reason;
  return { type: 'Ready', status: 'Unknown', ...(hasSpoken ? STOPPED : NEVER) };
}

function withReady(conditions: core.NodeCondition[] | undefined, ready: NodeCondition, nowMs: number) {
  const previous = findCondition(conditions, 'Ready');
  const now = timestamp(nowMs);
  const transition = previous?.status === ready.status ? previous.lastTransitionTime : now;
  const next = { ...ready, lastHeartbeatTime: now, lastTransitionTime: transition ?? now };
  return [...(conditions ?? []).filter(({ type }) => type !== 'Ready'), next];
}
