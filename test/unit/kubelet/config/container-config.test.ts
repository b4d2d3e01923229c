import t from 'tap';
import type { core } from '../../../../src/api/objects.ts';
import { cgroupResources } from '../../../../src/kubelet/config/cgroup-resources.ts';
import { containerConfig, sandboxConfig } from '../../../../src/kubelet/config/container-config.ts';
import { imagePolicyOf } from '../../../../src/kubelet/config/image-policy.ts';
import { parseResolvConf, podDns } from '../../../../src/kubelet/config/pod-dns.ts';
import { containerSpecHash } from '../../../../src/kubelet/config/spec-hash.ts';
import { notesOn, refusalOf } from '../../../../src/kubelet/config/unsupported.ts';
import { desiredPod } from '../../../support/kubelet-world.ts';

const host = { servers: ['192.168.1.1'], searches: ['lan'], options: [] };
const input = {
  attempt: 2,
  mounts: [],
  configs: { configMap: () => undefined, secret: () => undefined },
  serviceVariables: { REDIS_SERVICE_HOST: '10.48.0.9' },
  place: {
    nodeName: 'n',
    podIP: undefined,
    hostIP: undefined,
    allocatable: { cpu: '1', memory: '1', ephemeralStorage: '1' },
  },
};
const configOf = (container: Partial<core.Container>, spec: Partial<core.PodSpec> = {}) => {
  const whole = { name: 'web', image: 'i:1', ...container };
  return containerConfig(desiredPod({ spec: { containers: [whole], ...spec } }), whole, input);
};

for (const [resources, result] of [
  [undefined, { cpuShares: 2 }],
  [{ requests: { cpu: '250m' } }, { cpuShares: 256 }],
  [{ requests: { cpu: '1m' } }, { cpuShares: 2 }],
  [
    { limits: { cpu: '500m', memory: '64Mi' } },
    { cpuShares: 512, cpuQuotaUs: 50_000, cpuPeriodUs: 100_000, memoryLimitBytes: 67_108_864 },
  ],
  [{ limits: { cpu: '5m' } }, { cpuShares: 5, cpuQuotaUs: 1_000, cpuPeriodUs: 100_000 }],
  [
    { requests: { cpu: '0' }, limits: { cpu: '1' } },
    { cpuShares: 2, cpuQuotaUs: 100_000, cpuPeriodUs: 100_000 },
  ],
] as const) {
  t.test(`resources ${JSON.stringify(resources)} become upstream's cgroup values`, async (t) => {
    t.same(cgroupResources(resources), result);
  });
}

t.test('command and arguments are expanded, Services included', async (t) => {
  const config = configOf({
    command: ['run', '$(REDIS_SERVICE_HOST)'],
    args: ['$(X)', '$$(X)'],
    env: [{ name: 'X', value: '1' }],
  });
  t.same(config.command, ['run', '10.48.0.9']);
  t.same(config.args, ['1', '$(X)']);
  t.match(config, { attempt: 2, podKey: 'default/web-1', podUid: 'uid-web-1', image: 'i:1' });
});

t.test('only name and image make a container another one', async (t) => {
  const base = { name: 'a', image: 'i:1' };
  t.equal(containerSpecHash({ ...base, env: [{ name: 'A', value: '1' }] }), containerSpecHash(base));
  t.not(containerSpecHash({ ...base, image: 'i:2' }), containerSpecHash(base));
});

t.test('security settings of the container win over those of the pod', async (t) => {
  const spec = { securityContext: { runAsUser: 1000, runAsGroup: 2000 } };
  t.equal(configOf({}, spec).user, '1000:2000');
  t.equal(configOf({ securityContext: { runAsUser: 5 } }, spec).user, '5:2000');
  t.same(configOf({ securityContext: { capabilities: { drop: ['ALL'] } } }).capabilities, {
    add: [],
    drop: ['ALL'],
  });
  t.throws(() => configOf({ securityContext: { runAsNonRoot: true } }), /set runAsUser/);
  t.throws(() => configOf({ securityContext: { runAsNonRoot: true, runAsUser: 0 } }), /non-root policy/);
});

for (const [image, policy, result] of [
  ['redis', undefined, 'Always'],
  ['redis:latest', undefined, 'Always'],
  ['redis:7', undefined, 'IfNotPresent'],
  ['lan:5000/redis', undefined, 'Always'],
  ['redis@sha256:00', undefined, 'IfNotPresent'],
  ['localhost/redis', undefined, 'IfNotPresent'],
  ['localhost/redis:1', 'Always', 'IfNotPresent'],
  ['redis:7', 'Always', 'Always'],
  ['redis', 'Never', 'Never'],
] as const) {
  t.test(`image ${image} with policy ${policy ?? 'unset'} is pulled ${result}`, async (t) => {
    t.equal(imagePolicyOf({ name: 'a', image, ...(policy ? { imagePullPolicy: policy } : {}) }), result);
  });
}

const cluster = { clusterDns: '10.48.0.10', clusterDomain: 'cluster.local', host };
for (const [why, spec, input, servers] of [
  ['ClusterFirst asks the cluster', {}, cluster, ['10.48.0.10']],
  ['no cluster DNS means the board', {}, { ...cluster, clusterDns: undefined }, undefined],
  ['Default means the board', { dnsPolicy: 'Default' }, cluster, undefined],
  ['host network means the board', { hostNetwork: true }, cluster, undefined],
  [
    'ClusterFirstWithHostNet asks the cluster',
    { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
    cluster,
    ['10.48.0.10'],
  ],
  [
    'None takes only its own',
    { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'] } },
    cluster,
    ['1.1.1.1'],
  ],
  [
    'Default adds its own',
    { dnsPolicy: 'Default', dnsConfig: { nameservers: ['1.1.1.1'] } },
    cluster,
    ['192.168.1.1', '1.1.1.1'],
  ],
] as const) {
  t.test(`dns: ${why}`, async (t) => {
    t.same(podDns(desiredPod({ spec: spec as Partial<core.PodSpec> }), input)?.servers, servers);
  });
}

t.test('dns options of the pod replace those of the cluster by name', async (t) => {
  const dnsConfig = { options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] };
  t.same(podDns(desiredPod({ spec: { dnsConfig } }), cluster)?.options, ['ndots:2', 'edns0']);
});

t.test('a resolv.conf is read', async (t) => {
  const text = '# c\nnameserver 9.9.9.9\nnameserver 8.8.8.8\nsearch lan .\noptions edns0 trust-ad\n';
  t.same(parseResolvConf(text), {
    servers: ['9.9.9.9', '8.8.8.8'],
    searches: ['lan'],
    options: ['edns0', 'trust-ad'],
  });
});

t.test('a host name is cut where Linux cuts it', async (t) => {
  const name = `${'a'.repeat(62)}-b`;
  t.equal(sandboxConfig(desiredPod({ name }), 0, undefined, cluster).hostname, 'a'.repeat(62));
});

for (const spec of [
  { hostPID: true },
  { shareProcessNamespace: true },
  { volumes: [{ name: 'v', iscsi: { iqn: 'i', lun: 0, targetPortal: 'p' } }] },
  { initContainers: [{ name: 'i', image: 'i', restartPolicy: 'Always' }] },
  { containers: [{ name: 'c', image: 'i', volumeDevices: [{ name: 'd', devicePath: '/dev/d' }] }] },
]) {
  t.test(`${JSON.stringify(spec).slice(0, 50)} is refused in words`, async (t) => {
    t.match(refusalOf(desiredPod({ spec })), /^not supported on this board: /);
  });
}

t.test('a plain pod with the supported volumes is neither refused nor noted', async (t) => {
  const volumes = [
    { name: 'a', emptyDir: {} },
    { name: 'b', hostPath: { path: '/' } },
    { name: 'c', configMap: { name: 'x' } },
  ];
  const pod = desiredPod({ spec: { volumes } });
  t.equal(refusalOf(pod), undefined);
  t.equal(notesOn(pod), undefined);
});

t.test('parts that a pod can run without are noted in one sentence', async (t) => {
  const probe = { tcpSocket: { port: 1 } };
  const containers = [
    { name: 'c', image: 'i', livenessProbe: probe, ports: [{ containerPort: 1, hostPort: 1 }] },
  ];
  t.equal(
    notesOn(desiredPod({ spec: { containers } })),
    'this board runs the pod without: livenessProbe of container "c"; hostPort of container "c"',
  );
});
