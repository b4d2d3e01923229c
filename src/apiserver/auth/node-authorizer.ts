// What a board may do over HTTP: read and report itself, its own pods and what they name, and nothing of any other
// board. What a write may say is held against node-restriction.ts besides.
// https://kubernetes.io/docs/reference/access-authn-authz/node/
import { NODE_USER_PREFIX } from '../../pki/node-certificate.ts';
import type { ResourceAttributes } from './attributes.ts';
import type { BoardPods, Needed } from './board-pods.ts';

/** Where boards keep the leases that say that they live. */
export const LEASE_NAMESPACE = 'kube-node-lease';

type Question = ResourceAttributes & { node: string; pods: BoardPods };
type Rule = (question: Question) => boolean;

const READS = ['get', 'list', 'watch'];
const CHANGES = ['update', 'patch'];

const isRead = ({ verb }: Question): boolean => READS.includes(verb);
const isChange = ({ verb }: Question): boolean => CHANGES.includes(verb);
/** A POST names nothing in its path: what it makes is looked at when it is known. */
const isCreate = ({ verb, node, name }: Question): boolean =>
  verb === 'create' && (name === '' || name === node);
const mayReport = (question: Question): boolean => question.verb === 'create' || isChange(question);
const isOwnName = ({ node, name }: Question): boolean => name === node;
const isOwnPod = ({ pods, node, namespace, name }: Question): boolean => pods.owns(node, namespace, name);

/** One by one and by name only, so that nobody lists what is not for them. */
const neededBy =
  (kind: Needed): Rule =>
  (question) => {
    const { pods, node, namespace, name } = question;
    return isRead(question) && namespace !== '' && name !== '' && pods.needs(node, kind, namespace, name);
  };

/** By `group/resource/subresource`. */
const RULES: Readonly<Record<string, Rule>> = {
  '/nodes/': (question) =>
    isCreate(question) || ((isRead(question) || isChange(question)) && isOwnName(question)),
  '/nodes/status': (question) => isChange(question) && isOwnName(question),
  '/pods/': mayTouchPods,
  '/pods/status': (question) => isChange(question) && isOwnPod(question),
  '/pods/eviction': (question) => question.verb === 'create' && isOwnPod(question),
  '/secrets/': neededBy('secrets'),
  '/configmaps/': neededBy('configmaps'),
  '/persistentvolumeclaims/': neededBy('persistentvolumeclaims'),
  '/persistentvolumes/': (question) =>
    isRead(question) && question.name !== '' && question.pods.needsVolume(question.node, question.name),
  '/serviceaccounts/token': ({ verb, pods, node, namespace, name }) =>
    verb === 'create' && pods.needs(node, 'serviceaccounts', namespace, name),
  '/services/': isRead,
  '/endpoints/': isRead,
  '/events/': mayReport,
  'events.k8s.io/events/': mayReport,
  'discovery.k8s.io/endpointslices/': isRead,
  'node.k8s.io/runtimeclasses/': isRead,
  'certificates.k8s.io/certificatesigningrequests/': (question) =>
    isCreate(question) || (isRead(question) && hasAsked(question)),
  'coordination.k8s.io/leases/': mayTouchLease,
};

/** A list is of its own pods only when its selector says so: nothing is left out of an answer in silence. */
function mayTouchPods(question: Question): boolean {
  const { verb, node, fieldSelector = '' } = question;
  if (verb === 'get' || verb === 'delete') return isOwnPod(question);
  if (verb !== 'list' && verb !== 'watch') return isCreate(question);
  return fieldSelector.split(',').some((term) => /^spec\.nodeName==?(.*)$/.exec(term)?.[1] === node);
}

const hasAsked = ({ pods, node, name }: Question): boolean =>
  name !== '' && pods.asked(`${NODE_USER_PREFIX}${node}`, name);

function mayTouchLease(question: Question): boolean {
  if (question.namespace !== LEASE_NAMESPACE) return false;
  return isCreate(question) || (['get', 'delete', ...CHANGES].includes(question.verb) && isOwnName(question));
}

export function nodeMay(node: string, attributes: ResourceAttributes, pods: BoardPods): boolean {
  const { group, resource, subresource } = attributes;
  const rule = `${group}/${resource}/${subresource}`;
  return Object.hasOwn(RULES, rule) && RULES[rule]!({ ...attributes, node, pods });
}
