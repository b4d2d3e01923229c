// Messages of boards, read with suspicion: a board proves its name, not its good sense. What has not the shape
// that messages.ts promises is `undefined`.
import { BOARD_CONDITIONS, type BoardCondition } from '../api/board-conditions.ts';
import type { core, Pod } from '../api/objects.ts';
import type {
  Amounts,
  Heartbeat,
  NodeBirth,
  NodeEventMessage,
  NodeImages,
  NodeMetrics,
  NodeState,
  ObservedIndex,
  ObservedPodMessage,
  ObservedVolume,
  ObservedVolumes,
} from '../mqtt/messages.ts';

type Fields = Record<string, unknown>;

const isText = (value: unknown): value is string => typeof value === 'string';
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const texts = (value: unknown): Record<string, string> =>
  isFields(value)
    ? Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => isText(entry[1])))
    : {};

export function readState(message: Fields | undefined): NodeState | undefined {
  if (!message || !isText(message.session) || typeof message.online !== 'boolean') return undefined;
  const { session, online } = message;
  const birth = readBirth(message.birth);
  const problem = readProblem(message.problem);
  const conditions = readConditions(message.conditions);
  return {
    session,
    online,
    ...(birth ? { birth } : {}),
    ...(problem ? { problem } : {}),
    ...(conditions ? { conditions } : {}),
  };
}

/** What is no condition of a board's is left out. */
function readConditions(value: unknown): BoardCondition[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const isOurs = (item: unknown): item is BoardCondition =>
    isFields(item) &&
    BOARD_CONDITIONS.some((type) => type === item.type) &&
    (item.status === 'True' || item.status === 'False') &&
    isText(item.reason) &&
    isText(item.message);
  return value.filter(isOurs).map(({ type, status, reason, message }) => ({ type, status, reason, message }));
}

function readBirth(value: unknown): NodeBirth | undefined {
  if (!isFields(value) || !isFields(value.nodeInfo) || !Array.isArray(value.addresses)) return undefined;
  const isAddress = (item: unknown): item is core.NodeAddress =>
    isFields(item) && isText(item.type) && isText(item.address);
  return {
    addresses: value.addresses.filter(isAddress).map(({ type, address }) => ({ type, address })),
    capacity: texts(value.capacity),
    allocatable: texts(value.allocatable),
    nodeInfo: texts(value.nodeInfo) as unknown as core.NodeSystemInfo,
    labels: texts(value.labels),
  };
}

function readProblem(value: unknown): NodeState['problem'] {
  if (!isFields(value) || !isText(value.reason) || !isText(value.message)) return undefined;
  return { reason: value.reason, message: value.message };
}

/** Figures are for people and later for `top`: only that it is a beat of a session is looked at here. */
export function readHeartbeat(message: Fields | undefined): Heartbeat | undefined {
  const isBeat = message && isText(message.session) && isFields(message.cpu) && isFields(message.memory);
  return isBeat ? (message as unknown as Heartbeat) : undefined;
}

/** A pod or container whose figures have not the right shape is left out, the rest counts. */
export function readMetrics(message: Fields | undefined): NodeMetrics | undefined {
  if (!message || !isText(message.session) || !isFields(message.pods)) return undefined;
  const pods: NodeMetrics['pods'] = {};
  for (const [key, value] of Object.entries(message.pods)) {
    if (!isFields(value) || !isText(value.uid) || !isFields(value.containers)) continue;
    const read = Object.entries(value.containers).map(([name, use]) => [name, readAmounts(use)] as const);
    const containers = Object.fromEntries(read);
    const { uid } = value;
    pods[key] = { uid, ...readAmounts(value), windowMs: windowOf(value), containers };
  }
  const { session, time } = message;
  const node = isFields(message.node)
    ? { ...readAmounts(message.node), windowMs: windowOf(message.node) }
    : undefined;
  return { session, time: isText(time) ? time : '', node, pods };
}

const isAmount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function readAmounts(value: unknown): Amounts {
  const { cpuNanocores, workingSetBytes } = isFields(value) ? value : {};
  return {
    ...(isAmount(cpuNanocores) ? { cpuNanocores } : {}),
    ...(isAmount(workingSetBytes) ? { workingSetBytes } : {}),
  };
}

const windowOf = ({ windowMs }: Fields): number => (isAmount(windowMs) ? windowMs : 0);

export function readObservedPod(message: Fields | undefined): ObservedPodMessage | undefined {
  if (!message || !isText(message.session) || !isText(message.uid) || !isFields(message.status))
    return undefined;
  const { session, uid, status, terminated, mirror } = message;
  const isPod = isFields(mirror) && isFields(mirror.metadata) && isFields(mirror.spec);
  return {
    session,
    uid,
    status: status as core.PodStatus,
    terminated: terminated === true,
    ...(isPod ? { mirror: mirror as unknown as Pod } : {}),
  };
}

export function readObservedIndex(message: Fields | undefined): ObservedIndex | undefined {
  if (!message || !isText(message.session) || !isFields(message.pods)) return undefined;
  return { session: message.session, pods: message.pods as ObservedIndex['pods'] };
}

export function readObservedVolumes(message: Fields | undefined): ObservedVolumes | undefined {
  if (!message || !isText(message.session) || !isFields(message.volumes)) return undefined;
  const volumes = Object.entries(message.volumes).flatMap(([name, value]): [string, ObservedVolume][] => {
    if (!isFields(value) || !isText(value.uid)) return [];
    const text = isText(value.message) ? { message: value.message } : {};
    return [[name, { uid: value.uid, removed: value.removed === true, ...text }]];
  });
  return { session: message.session, volumes: Object.fromEntries(volumes) };
}

/** An image whose entry has not the right shape is left out. */
export function readImages(message: Fields | undefined): NodeImages | undefined {
  if (!message || !isText(message.session) || !Array.isArray(message.images)) return undefined;
  const images = message.images.flatMap((entry: unknown) => {
    if (!isFields(entry) || !isText(entry.id) || !Array.isArray(entry.names)) return [];
    const { id, names, sizeBytes } = entry;
    return [{ id, names: names.filter(isText), sizeBytes: isAmount(sizeBytes) ? sizeBytes : 0 }];
  });
  return { session: message.session, architecture: String(message.architecture ?? ''), images };
}

export function readEvent(message: Fields | undefined): NodeEventMessage | undefined {
  if (!message) return undefined;
  const { session, kind, key, uid, type, reason, message: text, fieldPath, count, ago } = message;
  if (!isText(session) || !isText(key) || !isText(uid) || !isText(reason) || !isText(text)) return undefined;
  return {
    session,
    ...(kind === 'Service' || kind === 'Node' ? { kind } : {}),
    key,
    uid,
    type: type === 'Warning' ? 'Warning' : 'Normal',
    reason,
    message: text,
    ...(isText(fieldPath) ? { fieldPath } : {}),
    ...(isAmount(count) && count >= 1 ? { count: Math.floor(count) } : {}),
    ...(isFields(ago) ? readAgo(ago) : {}),
  };
}

/** A board that was away for longer says no more than that. */
const LONGEST_AGO_MS = 30 * 24 * 3_600_000;

function readAgo({ firstMs, lastMs }: Fields): Pick<NodeEventMessage, 'ago'> {
  if (!isAmount(firstMs) || !isAmount(lastMs) || lastMs > firstMs) return {};
  const bounded = (ms: number) => Math.min(ms, LONGEST_AGO_MS);
  return { ago: { firstMs: bounded(firstMs), lastMs: bounded(lastMs) } };
}
