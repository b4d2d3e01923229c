// Tables of what a board may and may not do over HTTP, and of what its writes may say.
import t from 'tap';
import type { KubeObject } from '../../../../src/api/objects.ts';
import type { KindDefinition } from '../../../../src/api/scheme.ts';
import type { ResourceAttributes } from '../../../../src/apiserver/auth/attributes.ts';
import { BoardPods } from '../../../../src/apiserver/auth/board-pods.ts';
import { nodeMay } from '../../../../src/apiserver/auth/node-authorizer.ts';
import { nodeRestriction } from '../../../../src/apiserver/auth/node-restriction.ts';
import { nodeNameOf } from '../../../../src/apiserver/auth/node-user.ts';
import { LevelStore } from '../../../../src/store/level-store.ts';
import { MemoryEngine } from '../../../support/memory-engine.ts';

const failures: Error[] = [];
const store = new LevelStore({ engine: new MemoryEngine(), onFatal: (error) => failures.push(error) });
await store.start();
t.teardown(() => store.stop());
const put = (key: string, object: object) =>
  store.write(`/registry/${key}`, () => ({ put: object as KubeObject }));

const needs = {
  serviceAccountName: 'robot',
  imagePullSecrets: [{ name: 'registry' }],
  initContainers: [{ name: 'i', env: [{ valueFrom: { secretKeyRef: { name: 'env', key: 'k' } } }] }],
  containers: [{ name: 'c', envFrom: [{ configMapRef: { name: 'settings' } }] }],
  volumes: [
    { name: 'v', projected: { sources: [{ secret: { name: 'projected' } }] } },
    { name: 'p', persistentVolumeClaim: { claimName: 'data' } },
  ],
};
await put('core/pods/n/own', {
  metadata: { name: 'own', namespace: 'n' },
  spec: { ...needs, nodeName: 'pi' },
});
await put('core/pods/n/far', {
  metadata: { name: 'far', namespace: 'n' },
  spec: {
    containers: [],
    nodeName: 'pi2',
    serviceAccountName: 'far',
    volumes: [{ name: 's', secret: { secretName: 'far' } }],
  },
});
await put('core/pods/n/unbound', { metadata: { name: 'unbound', namespace: 'n' }, spec: needs });
await put('core/persistentvolumeclaims/n/data', { metadata: { name: 'data' }, spec: { volumeName: 'pv-1' } });
await put('certificates.k8s.io/certificatesigningrequests/_/mine', {
  metadata: { name: 'mine' },
  spec: { username: 'system:node:pi' },
});
const pods = new BoardPods(store);

function ask(verb: string, what: string, where = ''): ResourceAttributes {
  const [group = '', resource = '', subresource = ''] = what.split('/');
  const [place = '', fieldSelector] = where.split('?');
  const [namespace = '', name = ''] = place.split('/');
  const selector = fieldSelector ? { fieldSelector } : {};
  return { verb, group, version: 'v1', resource, subresource, namespace, name, ...selector };
}

const allowed: [verbs: string, what: string, where?: string][] = [
  ['get list watch update patch', '/nodes', '/pi'],
  ['create', '/nodes'],
  ['update patch', '/nodes/status', '/pi'],
  ['get create update patch delete', 'coordination.k8s.io/leases', 'kube-node-lease/pi'],
  ['list watch', '/pods', '?spec.nodeName=pi'],
  ['list watch', '/pods', 'n?status.phase!=Failed,spec.nodeName==pi'],
  ['get delete', '/pods', 'n/own'],
  ['update patch', '/pods/status', 'n/own'],
  ['create', '/pods/eviction', 'n/own'],
  ['get list watch', '/secrets', 'n/registry'],
  ['get', '/secrets', 'n/env'],
  ['get', '/secrets', 'n/projected'],
  ['get list watch', '/configmaps', 'n/settings'],
  ['get watch', '/persistentvolumeclaims', 'n/data'],
  ['get watch', '/persistentvolumes', '/pv-1'],
  ['create', '/serviceaccounts/token', 'n/robot'],
  ['create patch update', '/events', 'n'],
  ['get list watch', '/services'],
  ['list watch', 'discovery.k8s.io/endpointslices'],
  ['create', 'certificates.k8s.io/certificatesigningrequests'],
  ['get watch', 'certificates.k8s.io/certificatesigningrequests', '/mine'],
];

for (const [verbs, what, where] of allowed) {
  t.test(`a board may ${verbs} ${what} ${where ?? ''}`, async (t) => {
    for (const verb of verbs.split(' ')) t.ok(nodeMay('pi', ask(verb, what, where), pods), verb);
  });
}

const refused: [verbs: string, what: string, where?: string][] = [
  ['get list watch update patch', '/nodes', '/pi2'],
  ['list watch deletecollection', '/nodes'],
  ['delete', '/nodes', '/pi'],
  ['get create', '/nodes/proxy', '/pi'],
  ['update patch', '/nodes/status', '/pi2'],
  ['get update patch delete', 'coordination.k8s.io/leases', 'kube-node-lease/pi2'],
  ['get create update', 'coordination.k8s.io/leases', 'n/pi'],
  ['list watch deletecollection', 'coordination.k8s.io/leases', 'kube-node-lease'],
  ['list watch', '/pods'],
  ['list watch', '/pods', '?spec.nodeName=pi2'],
  ['list watch', '/pods', '?spec.nodeName!=pi'],
  ['list watch', '/pods', '?spec.nodeName=pix'],
  ['deletecollection', '/pods', 'n?spec.nodeName=pi'],
  ['get delete', '/pods', 'n/far'],
  ['get delete', '/pods', 'n/unbound'],
  ['get delete', '/pods', 'n/no-such'],
  ['update patch', '/pods', 'n/own'],
  ['update patch', '/pods/status', 'n/far'],
  ['create', '/pods/eviction', 'n/far'],
  ['create get', '/pods/exec', 'n/own'],
  ['create', '/pods/binding', 'n/own'],
  ['get', '/pods/log', 'n/own'],
  ['get list watch', '/secrets', 'n/far'],
  ['list watch', '/secrets', 'n'],
  ['list watch', '/secrets', '/env'],
  ['get', '/secrets', 'other/env'],
  ['get', '/secrets', 'n/settings'],
  ['update patch delete create', '/secrets', 'n/env'],
  ['list watch', '/configmaps', 'n'],
  ['get', '/persistentvolumes', '/pv-2'],
  ['list watch', '/persistentvolumes'],
  ['create', '/serviceaccounts/token', 'n/far'],
  ['get list', '/serviceaccounts', 'n/robot'],
  ['get list delete', '/events', 'n'],
  ['update patch', '/services', 'n/x'],
  ['list watch', 'certificates.k8s.io/certificatesigningrequests'],
  ['get', 'certificates.k8s.io/certificatesigningrequests', '/theirs'],
  ['update patch', 'certificates.k8s.io/certificatesigningrequests/approval', '/mine'],
  ['get list', '/namespaces'],
  ['create', 'authentication.k8s.io/tokenreviews'],
  ['get list', 'apps/deployments', 'n/x'],
  ['get', '/constructor', '/toString'],
];

for (const [verbs, what, where] of refused) {
  t.test(`a board may not ${verbs} ${what} ${where ?? ''}`, async (t) => {
    for (const verb of verbs.split(' ')) t.notOk(nodeMay('pi', ask(verb, what, where), pods), verb);
  });
}

t.test('a board is who has both the name and the group', async (t) => {
  t.equal(nodeNameOf({ name: 'system:node:pi', groups: ['system:nodes'] }), 'pi');
  t.equal(nodeNameOf({ name: 'system:node:pi', groups: ['system:authenticated'] }), undefined);
  t.equal(nodeNameOf({ name: 'pi', groups: ['system:nodes'] }), undefined);
  t.equal(nodeNameOf({ name: 'system:node:', groups: ['system:nodes'] }), undefined);
});

/** Why the write is refused; `undefined` when it passes. */
function problem(group: string, plural: string, next: object, previous?: object): string | undefined {
  const guard = nodeRestriction({ group, plural } as KindDefinition, 'pi');
  try {
    guard?.(next as KubeObject, previous as KubeObject | undefined);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const node = (labels: Record<string, string> = {}, name = 'pi', spec: object = {}) => ({
  metadata: { name, labels },
  spec,
});

t.test(
  'a board labels itself with what is the kubelet’s, and with labels of no Kubernetes domain',
  async (t) => {
    const own = {
      'kubernetes.io/arch': 'arm64',
      'topology.kubernetes.io/zone': 'shed',
      'node.kubernetes.io/x': '1',
      'sub.kubelet.kubernetes.io/x': '1',
      'example.com/x': '1',
      plain: '1',
    };
    t.equal(problem('', 'nodes', node(own)), undefined);
    t.equal(problem('', 'nodes', node(own), node()), undefined);
    for (const label of [
      'node-restriction.kubernetes.io/tier',
      'node-role.kubernetes.io/control-plane',
      'kubernetes.io/other',
      'x.k8s.io/y',
    ]) {
      t.match(
        problem('', 'nodes', node({ [label]: '1' })),
        `is not allowed to set the following labels: ${label}`,
      );
      t.match(
        problem('', 'nodes', node({ [label]: '1' }), node()),
        `is not allowed to modify labels: ${label}`,
      );
      t.match(
        problem('', 'nodes', node(), node({ [label]: '1' })),
        `is not allowed to modify labels: ${label}`,
      );
      t.equal(
        problem('', 'nodes', node({ [label]: '1' }), node({ [label]: '1' })),
        undefined,
        'left as it is',
      );
    }
  },
);

t.test('a board writes no other board, no taints and no owners', async (t) => {
  t.match(problem('', 'nodes', node({}, 'pi2')), 'node "pi" is not allowed to modify node "pi2"');
  const taints = [{ key: 'a', effect: 'NoSchedule' }];
  t.match(problem('', 'nodes', node(), node({}, 'pi', { taints })), 'is not allowed to modify taints');
  t.equal(problem('', 'nodes', node({}, 'pi', { taints })), undefined, 'it may join tainted');
  const owned = { ...node(), metadata: { name: 'pi', ownerReferences: [{ name: 'x' }] } };
  t.match(problem('', 'nodes', owned, node()), 'is not allowed to modify ownerReferences');
});

t.test('a board reports on its own pods and leaves their labels', async (t) => {
  const pod = (nodeName: string, labels = {}) => ({ metadata: { name: 'p', labels }, spec: { nodeName } });
  t.equal(problem('', 'pods', pod('pi'), pod('pi')), undefined);
  t.match(problem('', 'pods', pod('pi'), pod('pi2')), 'pods with spec.nodeName set to itself');
  t.match(problem('', 'pods', pod('pi', { a: 'b' }), pod('pi')), 'cannot update labels through pod status');
});

t.test('the only pods that a board makes mirror its own files and need nothing', async (t) => {
  const annotations = { 'kubernetes.io/config.mirror': 'hash' };
  const mirror = (spec: object = {}, metadata: object = {}) => ({
    metadata: { name: 'p', annotations, ownerReferences: [{ kind: 'Node', name: 'pi' }], ...metadata },
    spec: { containers: [], nodeName: 'pi', ...spec },
  });
  t.equal(problem('', 'pods', mirror()), undefined);
  t.match(problem('', 'pods', mirror({}, { annotations: {} })), 'can only create mirror pods');
  t.match(problem('', 'pods', mirror({ nodeName: 'pi2' })), 'spec.nodeName set to itself');
  t.match(
    problem('', 'pods', mirror({}, { ownerReferences: [{ kind: 'Node', name: 'pi2' }] })),
    'owner reference',
  );
  t.match(problem('', 'pods', mirror({ serviceAccountName: 'default' })), 'reference a service account');
  const volumes = [{ name: 'v', secret: { secretName: 's' } }];
  t.match(problem('', 'pods', mirror({ volumes })), 'reference secrets');
});

t.test('a board changes its own events and its own lease only', async (t) => {
  const event = (host: string) => ({ metadata: { name: 'e' }, source: { host } });
  t.equal(problem('', 'events', event('pi')), undefined);
  t.equal(problem('', 'events', event('pi'), event('pi')), undefined);
  t.match(problem('', 'events', event('pi'), event('pi2')), 'events that it reported');
  const lease = (namespace: string, name: string) => ({ metadata: { namespace, name } });
  t.equal(problem('coordination.k8s.io', 'leases', lease('kube-node-lease', 'pi')), undefined);
  t.match(problem('coordination.k8s.io', 'leases', lease('kube-node-lease', 'pi2')), 'same name');
  t.match(problem('coordination.k8s.io', 'leases', lease('default', 'pi')), '"kube-node-lease"');
});
