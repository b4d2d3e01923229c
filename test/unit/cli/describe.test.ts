import t from 'tap';
import { run } from './run.ts';

const namespace = '/api/v1/namespaces/default';
const events = (name: string, kind: string, uid: string) =>
  `GET ${namespace}/events?fieldSelector=${encodeURIComponent(`involvedObject.name=${name},involvedObject.kind=${kind},involvedObject.uid=${uid}`)}&limit=500`;

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', uid: 'u1', labels: { app: 'web' } },
  spec: {
    nodeName: 'n1',
    containers: [
      {
        name: 'c',
        image: 'i:1',
        ports: [{ containerPort: 80, protocol: 'TCP' }],
        env: [{ name: 'A', value: 'b' }],
      },
    ],
  },
  status: {
    phase: 'Running',
    hostIP: '10.0.0.1',
    containerStatuses: [
      {
        name: 'c',
        ready: false,
        restartCount: 2,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 3, reason: 'Error' } },
      },
    ],
  },
};

t.test('a pod is told with its containers and events', async (t) => {
  const event = {
    type: 'Warning',
    reason: 'BackOff',
    message: 'again',
    count: 2,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:04:00Z',
    source: { component: 'kubelet' },
  };
  const { out, exitCode } = await run(['describe', 'pod', 'web'], {
    [`GET ${namespace}/pods/web`]: pod,
    [events('web', 'Pod', 'u1')]: { items: [event] },
  });
  t.equal(exitCode, 0);
  for (const part of [
    /^Name: +web$/m,
    /^Node: +n1\/10.0.0.1$/m,
    /^Status: +CrashLoopBackOff$/m,
    /Reason: +CrashLoopBackOff/,
    /Exit Code: +3/,
    /Restart Count: +2/,
    /A: +b/,
  ]) {
    t.match(out, part);
  }
  t.match(out, /Warning +BackOff +60s \(x2 over 5m\) +kubelet +again/);
});

t.test('a secret shows sizes, never values', async (t) => {
  const secret = {
    kind: 'Secret',
    metadata: {
      name: 's',
      namespace: 'default',
      uid: 'u2',
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'hunter2' },
    },
    type: 'Opaque',
    data: { password: Buffer.from('hunter2').toString('base64') },
  };
  const { out } = await run(['describe', 'secret', 's'], { [`GET ${namespace}/secrets/s`]: secret });
  t.match(out, /password: +7 bytes/);
  t.notMatch(out, 'hunter2');
  t.notMatch(out, secret.data.password);
});

t.test('a service shows the endpoints of each port', async (t) => {
  const service = {
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default', uid: 'u3' },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.48.0.9',
      ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
    },
  };
  const { out } = await run(['describe', 'svc/web'], {
    [`GET ${namespace}/services/web`]: service,
    [`GET ${namespace}/endpoints/web`]: {
      subsets: [{ addresses: [{ ip: '10.40.0.5' }], ports: [{ port: 8080 }] }],
    },
    [events('web', 'Service', 'u3')]: { items: [] },
  });
  t.match(out, /^Endpoints: +10.40.0.5:8080$/m);
  t.match(out, /^Events: +<none>$/m);
});

t.test('a service shows what of it is for those outside and nearby, where it says so', async (t) => {
  const metadata = { name: 'web', namespace: 'default', uid: 'u3' };
  const described = async (spec: object, status: object) => {
    const { out } = await run(['describe', 'svc/web', '--show-events=false'], {
      [`GET ${namespace}/services/web`]: { kind: 'Service', metadata, spec, status },
      [`GET ${namespace}/endpoints/web`]: {},
    });
    return out;
  };
  const balanced = await described(
    {
      type: 'LoadBalancer',
      healthCheckNodePort: 32001,
      loadBalancerSourceRanges: ['192.168.1.0/24', '10.0.0.0/8'],
      trafficDistribution: 'PreferSameZone',
    },
    { loadBalancer: { ingress: [{ ip: '192.168.1.7', ipMode: 'VIP' }, { hostname: 'a.example.com' }] } },
  );
  t.match(balanced, /^LoadBalancer Ingress: +192\.168\.1\.7 \(VIP\), a\.example\.com$/m);
  t.match(balanced, /^HealthCheck NodePort: +32001$/m);
  t.match(balanced, /^LoadBalancer Source Ranges: +192\.168\.1\.0\/24,10\.0\.0\.0\/8$/m);
  t.match(balanced, /^Traffic Distribution: +PreferSameZone$/m);
  t.notMatch(
    await described({ type: 'ClusterIP', healthCheckNodePort: 0 }, {}),
    /LoadBalancer|HealthCheck|Distribution/,
  );
});

t.test('a kind that is not known here is told as YAML', async (t) => {
  const widget = {
    apiVersion: 'x.io/v1',
    kind: 'Widget',
    metadata: { name: 'w', namespace: 'default', uid: 'u4' },
    spec: { size: 3 },
  };
  const { out } = await run(['describe', 'widget', 'w', '--show-events=false'], {
    'GET /apis/x.io/v1/namespaces/default/widgets/w': widget,
  });
  t.match(out, /^Kind: +Widget$/m);
  t.match(out, /spec:\n {2}size: 3/);
});
