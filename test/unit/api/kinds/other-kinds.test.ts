// Columns, defaults and rules of the kinds other than Pod.
import t from 'tap';
import { type Loose, NOW, objectOf, problems, updateProblems } from '../../../support/kind-problems.ts';

function line(name: string, parts: Loose, wide = false): string {
  const { kind, object } = objectOf(name, parts);
  const columns = kind.columns.filter((column) => wide || column.priority === 0);
  return columns.map((column) => String(column.value(object, NOW))).join(' | ');
}

const template = (labels: object, spec: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image: 'i:1' }], ...spec },
});

t.test('ReplicationController', async (t) => {
  await t.test('takes selector and labels from its template, and one replica', async (t) => {
    const { object } = objectOf('rc', { spec: { template: template({ app: 'a' }) } });
    t.match(object, { metadata: { labels: { app: 'a' } }, spec: { replicas: 1, selector: { app: 'a' } } });
    t.same(problems('rc', { spec: { template: template({ app: 'a' }) } }), []);
  });
  await t.test('refuses what cannot work', async (t) => {
    const spec = { selector: { a: 'b' }, template: template({ a: 'b' }) };
    t.same(problems('rc', { spec: { ...spec, replicas: -1 } }), [
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ]);
    t.match(
      problems('rc', { spec: { ...spec, selector: { a: 'c' } } })[0],
      /`selector` does not match template `labels`/,
    );
    t.same(problems('rc', {}), ['spec.selector: Required value', 'spec.template: Required value']);
    t.match(
      problems('rc', { spec: { ...spec, template: template({ a: 'b' }, { restartPolicy: 'Never' }) } })[0],
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    );
  });
  await t.test('shows what is wanted, there and ready, and scales', async (t) => {
    const parts = {
      spec: { replicas: 3, template: template({ a: 'b' }) },
      status: { replicas: 2, readyReplicas: 1 },
    };
    t.equal(line('rc', parts, true), 'x | 3 | 2 | 1 | 5m | c | i:1 | a=b');
    const { kind, object } = objectOf('rc', parts);
    kind.scale?.setSpecReplicas(object, 7);
    t.same(
      [kind.scale?.specReplicas(object), kind.scale?.statusReplicas(object), kind.scale?.selector(object)],
      [7, 2, 'a=b'],
    );
  });
});

t.test('Service', async (t) => {
  const ports = [{ port: 80 }];
  await t.test('gets its defaults', async (t) => {
    t.match(objectOf('svc', { spec: { ports, type: 'NodePort' } }).object, {
      spec: {
        type: 'NodePort',
        sessionAffinity: 'None',
        internalTrafficPolicy: 'Cluster',
        externalTrafficPolicy: 'Cluster',
        ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      },
    });
    const again = objectOf('svc', { spec: { ports, type: 'ClusterIP', externalTrafficPolicy: 'Cluster' } });
    t.notOk('externalTrafficPolicy' in again.object.spec!, 'a type that became internal drops the default');
  });
  await t.test('shows ports with node ports', async (t) => {
    const spec = {
      type: 'NodePort',
      clusterIP: '10.48.0.9',
      selector: { a: 'b' },
      ports: [
        { port: 80, nodePort: 30_080 },
        { port: 53, protocol: 'UDP' },
      ],
    };
    t.equal(
      line('svc', { spec }, true),
      'x | NodePort | 10.48.0.9 | <none> | 80:30080/TCP,53/UDP | 5m | a=b',
    );
    t.equal(
      line('svc', { spec: { type: 'LoadBalancer', ports } }),
      'x | LoadBalancer | <none> | <pending> | 80/TCP | 5m',
    );
    t.equal(
      line('svc', { spec: { type: 'ExternalName', externalName: 'a.b' } }),
      'x | ExternalName | <none> | a.b | <none> | 5m',
    );
  });
  await t.test('refuses what cannot work', async (t) => {
    t.same(problems('svc', { spec: { ports } }), []);
    t.same(problems('svc', { spec: { clusterIP: 'None' } }), [], 'a headless service needs no ports');
    t.same(problems('svc', { spec: {} }), ['spec.ports: Required value']);
    t.match(problems('svc', { spec: { ports: [{ port: 80 }, { port: 81 }] } }), [
      /ports\[0\].name: Required/,
      /ports\[1\].name/,
    ]);
    t.match(problems('svc', { spec: { ports: [{ port: 0 }] } })[0], /must be between 1 and 65535/);
    t.match(
      problems('svc', { spec: { ports: [{ port: 80, targetPort: 'not a name' }] } })[0],
      /targetPort: Invalid value/,
    );
    t.match(
      problems('svc', { spec: { ports: [{ port: 80, nodePort: 30_080 }] } })[0],
      /may not be used when `type` is 'ClusterIP'/,
    );
    t.match(problems('svc', { spec: { ports, type: 'X' } })[0], /spec.type: Unsupported value: "X"/);
    t.match(problems('svc', { spec: { ports, clusterIP: 'x' } })[0], /must be a valid IP address/);
    t.match(
      problems('svc', { spec: { ports, clusterIP: 'None', type: 'NodePort' } })[0],
      /may not be set to 'None'/,
    );
    t.match(problems('svc', { spec: { type: 'ExternalName' } })[0], 'spec.externalName: Required value');
    const twice = [
      { name: 'a', port: 80 },
      { name: 'b', port: 80 },
    ];
    t.match(problems('svc', { spec: { ports: twice } })[0], /spec.ports\[1\]: Duplicate value/);
  });
  await t.test('keeps its address', async (t) => {
    const at = (clusterIP: string) => ({ spec: { ports, clusterIP } });
    t.same(updateProblems('svc', at('10.48.0.5'), at('10.48.0.5')), []);
    t.match(updateProblems('svc', at('10.48.0.5'), at('10.48.0.6'))[0], /may not change once set/);
  });
});

t.test('Endpoints shows three addresses and counts the rest', async (t) => {
  const addresses = [1, 2, 3, 4, 5].map((n) => ({ ip: `10.40.0.${n}` }));
  t.equal(
    line('ep', { subsets: [{ addresses, ports: [{ port: 80 }] }] }),
    'x | 10.40.0.1:80,10.40.0.2:80,10.40.0.3:80 + 2 more... | 5m',
  );
  t.equal(line('ep', { subsets: [] }), 'x | <none> | 5m');
  t.equal(
    line('ep', { subsets: [{ addresses: [{ ip: 'fd00::1' }], ports: [{ port: 80 }] }] }),
    'x | [fd00::1]:80 | 5m',
  );
  t.match(problems('ep', { subsets: [{ addresses: [{ ip: '127.0.0.1' }] }] })[0], /loopback/);
  t.match(problems('ep', { subsets: [{}] })[0], /must specify `addresses` or `notReadyAddresses`/);
});

t.test('no address that is special on each machine is an endpoint, or comes from outside', async (t) => {
  const cases: [string, RegExp][] = [
    ['127.0.0.1', /loopback range/],
    ['0:0:0:0:0:0:0:1', /loopback range/],
    ['169.254.169.254', /link-local range/],
    ['fe80::1', /link-local range/],
    ['224.0.0.5', /link-local multicast range/],
    ['ff02::1', /link-local multicast range/],
    ['0.0.0.0', /may not be unspecified \(0.0.0.0\)/],
    ['fd00::1%eth0', /must be (a valid IP|an IPv6) address/],
  ];
  for (const [ip, message] of cases) {
    const addressType = ip.includes(':') ? 'IPv6' : 'IPv4';
    t.match(problems('ep', { subsets: [{ addresses: [{ ip }] }] })[0], message, ip);
    t.match(problems('endpointslices', { addressType, endpoints: [{ addresses: [ip] }] })[0], message, ip);
    t.match(problems('svc', { spec: { ports: [{ port: 80 }], externalIPs: [ip] } })[0], message, ip);
  }
  t.same(problems('ep', { subsets: [{ addresses: [{ ip: '10.40.0.5' }, { ip: 'fd00::1' }] }] }), []);
});

t.test('Node says whether it is ready and takes pods', async (t) => {
  const ready = (status: string) => ({
    status: { conditions: [{ type: 'Ready', status }], nodeInfo: { kubeletVersion: 'v1' } },
  });
  t.equal(line('no', ready('True')), 'x | Ready | <none> | 5m | v1');
  t.equal(line('no', ready('Unknown')), 'x | NotReady | <none> | 5m | v1');
  t.equal(
    line('no', { ...ready('True'), spec: { unschedulable: true } }),
    'x | Ready,SchedulingDisabled | <none> | 5m | v1',
  );
  t.match(
    line('no', { metadata: { labels: { 'node-role.kubernetes.io/master': '' } } }),
    'x | Unknown | master',
  );
  t.match(problems('no', { spec: { taints: [{ key: 'a', effect: 'X' }] } })[0], /effect: Unsupported value/);
  t.match(problems('no', { spec: { podCIDR: '10.0.0.0/33' } })[0], /must be a valid CIDR value/);
  t.match(
    updateProblems('no', { spec: { podCIDR: '10.0.0.0/24' } }, { spec: { podCIDR: '10.0.1.0/24' } })[0],
    /may not change podCIDR/,
  );
});

t.test('Secret turns stringData into data and checks what its type needs', async (t) => {
  const { object } = objectOf('secrets', { stringData: { a: 'b' }, data: { c: 'ZA==' } });
  t.match(object, { type: 'Opaque', data: { a: 'Yg==', c: 'ZA==' } });
  t.notOk('stringData' in object);
  t.match(problems('secrets', { type: 'kubernetes.io/tls' }), [
    'data[tls.crt]: Required value',
    'data[tls.key]: Required value',
  ]);
  const broken = problems('secrets', {
    type: 'kubernetes.io/dockerconfigjson',
    stringData: { '.dockerconfigjson': 'hunter2' },
  });
  t.match(broken[0], /must be valid JSON/);
  t.notMatch(broken.join(), 'hunter2', 'no message carries a value');
  t.match(
    updateProblems('secrets', { type: 'a/b' }, { type: 'a/c' })[0],
    /type: Invalid value: "a\/c": field is immutable/,
  );
  t.equal(line('secrets', { data: { a: '', b: '' } }), 'x | Opaque | 2 | 5m');
});

t.test('ConfigMap holds valid keys, one MiB, and stays when it is immutable', async (t) => {
  t.same(problems('cm', { data: { 'a.b-c_D': 'x' } }), []);
  t.match(problems('cm', { data: { 'a/b': 'x' } })[0], /a valid config key/);
  t.match(problems('cm', { data: { '..': 'x' } })[0], /must not be '..'/);
  t.match(
    problems('cm', { data: { a: 'x' }, binaryData: { a: '' } })[0],
    /duplicate of key present in binaryData/,
  );
  t.match(problems('cm', { data: { a: 'x'.repeat(1_048_577) } })[0], /may not be more than 1048576 bytes/);
  const fixed = { immutable: true, data: { a: 'b' } };
  t.same(updateProblems('cm', fixed, fixed), []);
  t.match(
    updateProblems('cm', fixed, { ...fixed, data: { a: 'c' } })[0],
    /field is immutable when `immutable` is set/,
  );
  t.match(updateProblems('cm', fixed, { data: { a: 'b' } })[0], /^immutable: Forbidden/);
  t.equal(line('cm', { data: { a: '' }, binaryData: { b: '' } }), 'x | 2 | 5m');
});

t.test('Namespace keeps its finalizer until it is being deleted', async (t) => {
  t.match(objectOf('ns', {}).object, { spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } });
  const dying = objectOf('ns', { metadata: { deletionTimestamp: 'x' }, spec: { finalizers: [] } }).object;
  t.match(dying, { spec: { finalizers: [] } });
});

t.test('Event tells when, what about and from whom', async (t) => {
  const parts = {
    type: 'Warning',
    reason: 'BackOff',
    message: 'again\n',
    count: 3,
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default', fieldPath: 'spec.containers{c}' },
    source: { component: 'kubelet', host: 'n1' },
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:04:00Z',
  };
  t.equal(
    line('ev', parts, true),
    '60s | Warning | BackOff | pod/p | spec.containers{c} | kubelet, n1 | again | 5m | 3 | x',
  );
  t.same(problems('ev', parts), []);
  t.match(
    problems('ev', { involvedObject: { kind: 'Pod', namespace: 'other' } })[0],
    /does not match event.namespace/,
  );
});
