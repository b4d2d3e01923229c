// Every topic of edge/v1, in one place: how it is written and how it is read back. docs/mqtt.md is the prose.

const ROOT = 'edge/v1';
/** Stands for "no namespace" in a topic of fixed depth. */
const CLUSTER_SCOPE = '_';

/** MQTT forbids `+ # /` and NUL in a level's own text (MQTT 3.1.1, 4.7); `%` escapes. */
function escapeLevel(text: string): string {
  return text.replace(/[%+#/\0]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function unescapeLevel(level: string): string {
  return level.replace(/%([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const join = (...levels: string[]) => [ROOT, ...levels.map(escapeLevel)].join('/');
const keyLevels = (key: string): [string, string] => {
  const slash = key.indexOf('/');
  return slash < 0 ? [CLUSTER_SCOPE, key] : [key.slice(0, slash), key.slice(slash + 1)];
};

export type DesiredSort = 'pods' | 'configs' | 'secrets' | 'volumes';

export function isDesiredSort(text: string | undefined): text is DesiredSort {
  return text === 'pods' || text === 'configs' || text === 'secrets' || text === 'volumes';
}

export const topics = {
  all: `${ROOT}/#`,
  object: (group: string, plural: string, key: string) =>
    join('objects', group || 'core', plural, ...keyLevels(key)),
  state: (node: string) => join('nodes', node, 'state'),
  heartbeat: (node: string) => join('nodes', node, 'heartbeat'),
  metrics: (node: string) => join('nodes', node, 'metrics'),
  desiredIndex: (node: string) => join('nodes', node, 'desired', 'index'),
  desired: (node: string, sort: DesiredSort, key: string) =>
    join('nodes', node, 'desired', sort, ...keyLevels(key)),
  observedIndex: (node: string) => join('nodes', node, 'observed', 'index'),
  observedPod: (node: string, key: string) => join('nodes', node, 'observed', 'pods', ...keyLevels(key)),
  observedVolumes: (node: string) => join('nodes', node, 'observed', 'volumes'),
  nodeImages: (node: string) => join('nodes', node, 'images'),
  nodeEvents: (node: string) => join('nodes', node, 'events'),
  sessions: (node: string) => join('nodes', node, 'sessions'),
  servicesIndex: join('services', 'index'),
  /** Of a Service by `namespace/name`, or of one of its EndpointSlices by `namespace/name/slice`. */
  service: (id: string) => join('services', ...id.split('/')),
  ingressIndex: join('ingress', 'index'),
  ingress: (key: string) => join('ingress', ...keyLevels(key)),
  networkPeers: join('network', 'peers'),
  /** With the kind `NO_OBJECT`, `name` is that of a series which is about no object. */
  appMetric: (namespace: string, kind: string, name: string, metric: string) =>
    join('metrics', namespace, kind, name, metric),
  event: (namespace: string, kind: string, name: string) => join('events', namespace, kind, name),
};

/** Stands for the kind of what a number is about when that is no object of the cluster. */
export const NO_OBJECT = '_';

/** Every number that applications publish. */
export const appMetricsFilter = `${ROOT}/metrics/#`;

/** What an agent subscribes to: its own wishes and what all boards share, of Ingresses those that serve them. */
export const agentFilters = (node: string, servesIngress: boolean): string[] => [
  `${join('nodes', node)}/desired/#`,
  topics.sessions(node),
  `${ROOT}/services/#`,
  topics.networkPeers,
  ...(servesIngress ? [`${ROOT}/ingress/#`] : []),
];

/** Filters of the master's gateway over what boards write. */
export const nodeFilters = {
  state: `${ROOT}/nodes/+/state`,
  heartbeat: `${ROOT}/nodes/+/heartbeat`,
  metrics: `${ROOT}/nodes/+/metrics`,
  events: `${ROOT}/nodes/+/events`,
  images: `${ROOT}/nodes/+/images`,
  observedIndex: `${ROOT}/nodes/+/observed/index`,
  observedVolumes: `${ROOT}/nodes/+/observed/volumes`,
  observedPods: `${ROOT}/nodes/+/observed/pods/#`,
  /** Everything of one node, by whomever it was written. */
  allOf: (node: string) => `${join('nodes', node)}/#`,
  observedOf: (node: string) => `${join('nodes', node)}/observed/#`,
  observedPodsOf: (node: string) => `${join('nodes', node)}/observed/pods/#`,
};

/** The levels after `edge/v1`, unescaped; `undefined` for a topic outside it. */
export function levelsOf(topic: string): string[] | undefined {
  if (!topic.startsWith(`${ROOT}/`)) return undefined;
  return topic
    .slice(ROOT.length + 1)
    .split('/')
    .map(unescapeLevel);
}

/** The key that the last two levels of a topic stand for. */
export function keyOfLevels(namespace: string, name: string): string {
  return namespace === CLUSTER_SCOPE ? name : `${namespace}/${name}`;
}
