import t from 'tap';
import { setPodDefaults, setPodSpecDefaults } from '../../../../src/api/pod-spec/defaults.ts';

const container = (image: string) => ({ name: 'c', image });

t.test('a bare pod gets what Kubernetes would give it', async (t) => {
  const spec = { containers: [container('nginx:1.27')], volumes: [{ name: 'v' }] };
  setPodDefaults(spec);
  t.same(spec, {
    containers: [
      {
        name: 'c',
        image: 'nginx:1.27',
        resources: {},
        imagePullPolicy: 'IfNotPresent',
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    terminationGracePeriodSeconds: 30,
    securityContext: {},
    schedulerName: 'default-scheduler',
    enableServiceLinks: true,
  });
});

t.test('an image without tag, or with latest, is pulled always', async (t) => {
  const cases: Record<string, string> = {
    nginx: 'Always',
    'nginx:latest': 'Always',
    'host:5000/nginx': 'Always',
    'host:5000/nginx:1': 'IfNotPresent',
    'nginx@sha256:abc': 'IfNotPresent',
    'nginx:latest@sha256:abc': 'Always',
  };
  for (const [image, policy] of Object.entries(cases)) {
    const spec = { containers: [container(image)] };
    setPodSpecDefaults(spec);
    t.equal((spec.containers[0] as { imagePullPolicy?: string }).imagePullPolicy, policy, image);
  }
});

t.test('limits become requests in a pod, not in a template', async (t) => {
  const make = () => ({
    containers: [
      { ...container('a:1'), resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1m' } } },
    ],
  });
  const pod = make();
  setPodDefaults(pod);
  t.same(pod.containers[0]?.resources.requests, { cpu: '1m', memory: '1Gi' });
  const template = make();
  setPodSpecDefaults(template);
  t.same(template.containers[0]?.resources.requests, { cpu: '1m' });
  t.notOk('enableServiceLinks' in template);
});

t.test('probes, ports, volumes and references get their defaults', async (t) => {
  const spec = {
    hostNetwork: true,
    containers: [
      {
        ...container('a:1'),
        ports: [{ containerPort: 80 }],
        livenessProbe: { httpGet: { port: 80 } },
        env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      },
    ],
    volumes: [{ name: 's', secret: { secretName: 'x' } }],
  };
  setPodDefaults(spec);
  t.match(spec.containers[0], {
    ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
    livenessProbe: {
      httpGet: { port: 80, path: '/', scheme: 'HTTP' },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    },
    env: [{ valueFrom: { fieldRef: { apiVersion: 'v1' } } }],
  });
  t.match(spec.volumes[0], { secret: { defaultMode: 420 } });
});

t.test('defaulting twice changes nothing more', async (t) => {
  const spec = {
    containers: [{ ...container('a'), ports: [{ containerPort: 1 }], readinessProbe: { exec: {} } }],
  };
  setPodDefaults(spec);
  const once = structuredClone(spec);
  setPodDefaults(spec);
  t.same(spec, once);
});
