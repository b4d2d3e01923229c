// The rules of the kinds in the smaller groups: what is defaulted, what is refused and under which field.
import t from 'tap';
import { certificateSigningRequests } from '../../../../src/api/kinds/certificate-signing-request.ts';
import { clusterRoles } from '../../../../src/api/kinds/cluster-role.ts';
import { clusterRoleBindings } from '../../../../src/api/kinds/cluster-role-binding.ts';
import { endpointSlices } from '../../../../src/api/kinds/endpoint-slice.ts';
import { ingresses } from '../../../../src/api/kinds/ingress.ts';
import { ingressClasses } from '../../../../src/api/kinds/ingress-class.ts';
import { leases } from '../../../../src/api/kinds/lease.ts';
import { networkPolicies } from '../../../../src/api/kinds/network-policy.ts';
import { priorityClasses, systemPriorityClasses } from '../../../../src/api/kinds/priority-class.ts';
import { roles } from '../../../../src/api/kinds/role.ts';
import { roleBindings } from '../../../../src/api/kinds/role-binding.ts';
import { runtimeClasses } from '../../../../src/api/kinds/runtime-class.ts';
import { storageClasses } from '../../../../src/api/kinds/storage-class.ts';
import { validateMetadata } from '../../../../src/api/metadata.ts';
import type { KubeObject } from '../../../../src/api/objects.ts';
import type { KindDefinition } from '../../../../src/api/scheme.ts';

/** Defaulted, as the registry does before it validates. */
function made(kind: object, fields: object, name = 'x'): KubeObject {
  const definition = kind as KindDefinition;
  const object = structuredClone({
    kind: definition.kind,
    metadata: { name },
    ...fields,
  }) as unknown as KubeObject;
  definition.setDefaults?.(object);
  return object;
}

const problems = (kind: object, fields: object, name?: string): string[] =>
  ((kind as KindDefinition).validate?.(made(kind, fields, name)) ?? []).map(({ field }) => field);

const changed = (kind: object, before: object, after: object): string[] =>
  ((kind as KindDefinition).validateUpdate?.(made(kind, after), made(kind, before)) ?? []).map(
    ({ field }) => field,
  );

const cells = (kind: object, fields: object): Record<string, unknown> => {
  const object = made(kind, fields);
  const { columns } = kind as KindDefinition;
  return Object.fromEntries(columns.map((column) => [column.name, column.value(object, 0)]));
};

const backend = { service: { name: 'web', port: { number: 80 } } };
const http = (path: object) => ({
  rules: [{ host: 'a.example.com', http: { paths: [{ pathType: 'Prefix', path: '/', backend, ...path }] } }],
});

t.test('Ingress', async (t) => {
  t.strictSame(problems(ingresses, { spec: http({}) }), []);
  t.strictSame(problems(ingresses, { spec: {} }), ['spec']);
  t.strictSame(problems(ingresses, { spec: http({ path: 'a' }) }), ['spec.rules[0].http.paths[0].path']);
  t.strictSame(problems(ingresses, { spec: http({ path: '/a//b' }) }), ['spec.rules[0].http.paths[0].path']);
  t.strictSame(problems(ingresses, { spec: http({ pathType: undefined }) }), [
    'spec.rules[0].http.paths[0].pathType',
  ]);
  t.strictSame(problems(ingresses, { spec: http({ backend: {} }) }), ['spec.rules[0].http.paths[0].backend']);
  t.strictSame(problems(ingresses, { spec: { rules: [{ host: '10.0.0.1' }] } }), ['spec.rules[0].host']);
  t.strictSame(problems(ingresses, { spec: { rules: [{ host: '*.example.com' }] } }), []);
  t.match(cells(ingresses, { spec: { ...http({}), tls: [{}], ingressClassName: 'nginx' } }), {
    Class: 'nginx',
    Hosts: 'a.example.com',
    Address: '',
    Ports: '80, 443',
  });
});

t.test('IngressClass', async (t) => {
  t.strictSame(problems(ingressClasses, { spec: { controller: 'example.com/c' } }), []);
  t.strictSame(problems(ingressClasses, { spec: { controller: 'c' } }), ['spec.controller']);
  const parameters = { kind: 'P', name: 'p', apiGroup: 'example.com', scope: 'Namespace' };
  t.strictSame(problems(ingressClasses, { spec: { controller: 'a/c', parameters } }), [
    'spec.parameters.namespace',
  ]);
  t.strictSame(changed(ingressClasses, { spec: { controller: 'a/b' } }, { spec: { controller: 'a/c' } }), [
    'spec.controller',
  ]);
  t.equal(cells(ingressClasses, { spec: { controller: 'a/c', parameters } }).Parameters, 'P.example.com/p');
});

t.test('NetworkPolicy', async (t) => {
  const policy = made(networkPolicies, { spec: { podSelector: {}, egress: [{ ports: [{ port: 53 }] }] } });
  t.match(policy, {
    spec: { policyTypes: ['Ingress', 'Egress'], egress: [{ ports: [{ protocol: 'TCP' }] }] },
  });
  const block = (ipBlock: object) => ({ spec: { podSelector: {}, ingress: [{ from: [{ ipBlock }] }] } });
  t.strictSame(problems(networkPolicies, block({ cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] })), []);
  t.strictSame(problems(networkPolicies, block({ cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] })), [
    'spec.ingress[0].from[0].ipBlock.except[0]',
  ]);
  t.strictSame(problems(networkPolicies, block({ cidr: '10.0.0.0' })), [
    'spec.ingress[0].from[0].ipBlock.cidr',
  ]);
  const ports = (port: object) => ({ spec: { podSelector: {}, ingress: [{ ports: [port] }] } });
  t.strictSame(problems(networkPolicies, ports({ port: 80, endPort: 70 })), [
    'spec.ingress[0].ports[0].endPort',
  ]);
  t.match(networkPolicies.warnings?.(policy as never), [/stored, not enforced/]);
});

t.test('EndpointSlice', async (t) => {
  const slice = { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 80 }] };
  t.strictSame(problems(endpointSlices, slice), []);
  t.match(made(endpointSlices, slice), { ports: [{ name: '', protocol: 'TCP' }] });
  t.strictSame(problems(endpointSlices, { ...slice, addressType: 'IPv6' }), ['endpoints[0].addresses[0]']);
  t.strictSame(problems(endpointSlices, { ...slice, ports: [{ port: 1 }, { port: 2 }] }), ['ports[1].name']);
  t.strictSame(problems(endpointSlices, { ...slice, endpoints: [{}] }), ['endpoints[0].addresses']);
  const hinted = (hints: object) => ({ ...slice, endpoints: [{ addresses: ['10.0.0.1'], hints }] });
  const named = (...names: string[]) => names.map((name) => ({ name }));
  t.strictSame(problems(endpointSlices, hinted({ forZones: named('a', 'b'), forNodes: named('pi-1') })), []);
  t.strictSame(problems(endpointSlices, hinted({ forZones: named('a', 'b', 'a', 'no zone') })), [
    'endpoints[0].hints.forZones[2].name',
    'endpoints[0].hints.forZones[3].name',
  ]);
  t.strictSame(problems(endpointSlices, hinted({ forNodes: named(...'abcdefghi') })), [
    'endpoints[0].hints.forNodes',
  ]);
  t.strictSame(changed(endpointSlices, slice, { ...slice, addressType: 'FQDN' }), ['addressType']);
  t.match(cells(endpointSlices, slice), { AddressType: 'IPv4', Ports: '80', Endpoints: '10.0.0.1' });
  t.equal(cells(endpointSlices, { addressType: 'IPv4' }).Endpoints, '<unset>');
});

t.test('Lease is never on disk', async (t) => {
  t.equal(leases.volatile, true);
  t.strictSame(problems(leases, { spec: { holderIdentity: 'me', leaseDurationSeconds: 40 } }), []);
  t.strictSame(problems(leases, { spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } }), [
    'spec.leaseDurationSeconds',
    'spec.leaseTransitions',
  ]);
});

t.test('roles', async (t) => {
  const rule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
  const url = { verbs: ['get'], nonResourceURLs: ['/healthz'] };
  t.strictSame(problems(roles, { rules: [rule] }), []);
  t.strictSame(problems(roles, { rules: [{ ...rule, verbs: [] }] }), ['rules[0].verbs']);
  t.strictSame(problems(roles, { rules: [{ verbs: ['get'] }] }), [
    'rules[0].apiGroups',
    'rules[0].resources',
  ]);
  t.strictSame(problems(roles, { rules: [url] }), ['rules[0].nonResourceURLs']);
  t.strictSame(problems(clusterRoles, { rules: [url] }), []);
  t.strictSame(problems(clusterRoles, { rules: [{ ...url, ...rule }] }), ['rules[0].nonResourceURLs']);
  t.strictSame(problems(clusterRoles, { aggregationRule: {} }), ['aggregationRule.clusterRoleSelectors']);
  const named = (name: string) => validateMetadata(clusterRoles as never, { name });
  t.strictSame(named('system:node'), []);
  t.match(named('a/b'), [{ field: 'metadata.name', message: /may not contain/ }]);
});

t.test('role bindings', async (t) => {
  const roleRef = { kind: 'ClusterRole', name: 'view' };
  const subjects = [
    { kind: 'User', name: 'ann' },
    { kind: 'Group', name: 'devs' },
    { kind: 'ServiceAccount', name: 'bot', namespace: 'lab' },
  ];
  t.match(made(roleBindings, { roleRef, subjects }), {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io' }, {}, { apiGroup: undefined }],
  });
  t.strictSame(problems(roleBindings, { roleRef, subjects }), []);
  t.strictSame(problems(clusterRoleBindings, { roleRef: { kind: 'Role', name: 'a' } }), ['roleRef.kind']);
  t.strictSame(
    problems(clusterRoleBindings, { roleRef, subjects: [{ kind: 'ServiceAccount', name: 'a' }] }),
    ['subjects[0].namespace'],
  );
  t.strictSame(problems(roleBindings, { roleRef, subjects: [{ kind: 'Robot', name: 'a' }] }), [
    'subjects[0].kind',
  ]);
  t.strictSame(changed(roleBindings, { roleRef }, { roleRef: { ...roleRef, name: 'edit' } }), ['roleRef']);
  t.match(cells(roleBindings, { roleRef, subjects }), {
    Role: 'ClusterRole/view',
    Users: 'ann',
    Groups: 'devs',
    ServiceAccounts: 'lab/bot',
  });
});

t.test('StorageClass', async (t) => {
  const storage = { provisioner: 'example.com/disk' };
  t.match(made(storageClasses, storage), { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' });
  t.strictSame(problems(storageClasses, {}), ['provisioner']);
  t.strictSame(problems(storageClasses, { ...storage, reclaimPolicy: 'Burn' }), ['reclaimPolicy']);
  t.strictSame(changed(storageClasses, storage, { ...storage, parameters: { a: 'b' } }), ['parameters']);
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  t.equal(
    cells(storageClasses, { ...storage, metadata: { name: 'fast', annotations } }).Name,
    'fast (default)',
  );
});

t.test('PriorityClass', async (t) => {
  t.match(made(priorityClasses, { value: 5 }), { preemptionPolicy: 'PreemptLowerPriority' });
  t.strictSame(problems(priorityClasses, { value: 1_000_000_001 }), ['value']);
  t.strictSame(problems(priorityClasses, { value: 1 }, 'system-mine'), ['metadata.name']);
  for (const system of systemPriorityClasses) {
    t.strictSame(problems(priorityClasses, system), [], system.metadata.name);
  }
  t.strictSame(changed(priorityClasses, { value: 1 }, { value: 2 }), ['value']);
});

t.test('RuntimeClass', async (t) => {
  t.strictSame(problems(runtimeClasses, { handler: 'crun' }), []);
  t.strictSame(problems(runtimeClasses, { handler: 'Not Good' }), ['handler']);
  t.strictSame(changed(runtimeClasses, { handler: 'crun' }, { handler: 'runc' }), ['handler']);
});

t.test('CertificateSigningRequest', async (t) => {
  const pem = '-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n';
  const spec = {
    request: Buffer.from(pem).toString('base64'),
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages: ['client auth'],
  };
  const kind = certificateSigningRequests;
  t.strictSame(problems(kind, { spec }), []);
  t.strictSame(problems(kind, { spec: { ...spec, request: 'AA==' } }), ['spec.request']);
  t.strictSame(problems(kind, { spec: { ...spec, usages: ['to impress'] } }), ['spec.usages[0]']);
  t.strictSame(problems(kind, { spec: { ...spec, signerName: 'me' } }), ['spec.signerName']);
  t.strictSame(problems(kind, { spec: { ...spec, expirationSeconds: 5 } }), ['spec.expirationSeconds']);
  const decided = (...types: string[]) => ({
    spec,
    status: { conditions: types.map((type) => ({ type, status: 'True' })) },
  });
  t.strictSame(problems(kind, decided('Approved', 'Denied')), ['status.conditions']);
  t.strictSame(changed(kind, decided('Denied'), decided()), ['status.conditions']);
  t.strictSame(changed(kind, { spec }, { spec: { ...spec, usages: ['any'] } }), ['spec']);
  t.equal(cells(kind, { spec }).Condition, 'Pending');
  t.equal(
    cells(kind, { spec, status: { ...decided('Approved').status, certificate: 'AA==' } }).Condition,
    'Approved,Issued',
  );
});
