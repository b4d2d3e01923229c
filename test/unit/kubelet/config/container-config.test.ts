import t from 'tap';
import type { core } from '../../../../src/api/objects.ts';
import { cgroupResources } from '../../../../src/kubelet/config/cgroup-resources.ts';
import { containerConfig, sandboxConfig } from '../../../../src/kubelet/config/container-config.ts';
import { imagePolicyOf } from '../../../../src/kubelet/config/image-policy.ts';
import { parseResolvConf, podDns } from '../../../../src/kubelet/config/pod-dns.ts';
import { containerSpecHash } from '../../../../src/kubelet/config/spec-hash.ts';
import { forbiddenSysctl } from '../../../../src/kubelet/config/sysctls.ts';
import { notesOn, refusalOf } from '../../../../src/kubelet/config/unsupported.ts';
import { desiredPod } from '../../../support/kubelet-world.ts';

const host = { servers: ['192.168.1.1'], searches: ['lan'], options: [] };
const input = {
  attempt: 2,
  mounts: [],
  imageUser: undefined,
  seccompFolder: '/seccomp',
  boardMemoryBytes: 1000,
  configs: { configMap: () => undefined, secret: () => undefined },
  devices: { paths: [], groups: [] },
  hostname: 'web-1',
  serviceVariables: { REDIS_SERVICE_HOST: '10.48.0.9' },
  place: {
    nodeName: 'n',
    podIP: undefined,
    hostIP: undefined,
    allocatable: { cpu: '1', memory: '1', ephemeralStorage: '1' },
  },
};
const configOf = (
  container: Partial<core.Container>,
  spec: Partial<core.PodSpec> = {},
  imageUser?: string,
) => {
  const whole = { name: 'web', image: 'i:1', ...container };
  return containerConfig(desiredPod({ spec: { containers: [whole], ...spec } }), whole, {
    ...input,
    imageUser,
  });
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

t.test('the host name is a variable for processes of exec too, unless the container sets it', async (t) => {
  t.equal(configOf({}).env.HOSTNAME, 'web-1');
  t.equal(configOf({ env: [{ name: 'HOSTNAME', value: 'own' }] }).env.HOSTNAME, 'own');
  t.same(configOf({ args: ['$(HOSTNAME)'] }).args, ['$(HOSTNAME)'], 'upstream does not expand it');
});

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
  const nonRoot = { securityContext: { runAsNonRoot: true } };
  const where = '(pod: "web-1_default(uid-web-1)", container: web)';
  t.throws(() => configOf(nonRoot), {
    message: `container has runAsNonRoot and image will run as root ${where}`,
  });
  t.throws(() => configOf(nonRoot, {}, 'app'), {
    message: `container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root ${where}`,
  });
  t.equal(configOf(nonRoot, {}, '1000:1000').user, undefined, "the image's own user will do");
  t.throws(() => configOf({ securityContext: { runAsNonRoot: true, runAsUser: 0 } }), {
    message: `container's runAsUser breaks non-root policy ${where}`,
  });
  t.equal(configOf({ securityContext: { runAsGroup: 7 } }, {}, '1000:5').user, '1000:7');
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
  t.equal(sandboxConfig(desiredPod({ name }), 0, {}, cluster).hostname, 'a'.repeat(62));
});

t.test(
  'a pod runs by the handler of its RuntimeClass, and not at all where that class is gone',
  async (t) => {
    const plain = desiredPod({});
    t.equal(sandboxConfig(plain, 0, {}, cluster).runtimeHandler, undefined);
    const pod = desiredPod({ spec: { runtimeClassName: 'heavy' } });
    const told = { ...pod, runtimeHandler: 'crun' };
    t.equal(sandboxConfig(told, 0, {}, cluster).runtimeHandler, 'crun');
    t.throws(() => sandboxConfig(pod, 0, {}, cluster), {
      message: 'runtimeclass.node.k8s.io "heavy" not found',
    });
  },
);

for (const spec of [
  { volumes: [{ name: 'v', iscsi: { iqn: 'i', lun: 0, targetPortal: 'p' } }] },
  { containers: [{ name: 'c', image: 'i', volumeDevices: [{ name: 'd', devicePath: '/dev/d' }] }] },
  { resourceClaims: [{ name: 'gpu' }] },
]) {
  t.test(`${JSON.stringify(spec).slice(0, 50)} is refused in words`, async (t) => {
    t.match(refusalOf(desiredPod({ spec })), /^not supported on this board: /);
  });
}

t.test('a plain pod with the supported volumes is neither refused nor noted', async (t) => {
  const volumes = [
    { name: 'a', emptyDir: { sizeLimit: '1Gi' } },
    { name: 'b', hostPath: { path: '/' } },
    { name: 'c', configMap: { name: 'x' } },
  ];
  const pod = desiredPod({ spec: { volumes } });
  t.equal(refusalOf(pod), undefined);
  t.equal(notesOn(pod), undefined);
});

t.test('parts that a pod can run without are noted in one sentence', async (t) => {
  const containers = [{ name: 'c', image: 'i', securityContext: { seLinuxOptions: {} } }];
  const spec = { containers, hostUsers: false, resources: { limits: { cpu: '1' } } };
  t.equal(
    notesOn(desiredPod({ spec })),
    'this board runs the pod without: resources of the pod as a whole; a user namespace (hostUsers: false); ' +
      'seLinuxOptions of container "c"',
  );
});

t.test('a container is confined as its own context says, else as the pod does', async (t) => {
  const spec = {
    securityContext: {
      seccompProfile: { type: 'Localhost', localhostProfile: 'strict.json' },
      supplementalGroups: [10, 20],
      fsGroup: 30,
    },
  };
  t.match(configOf({}, spec), {
    groups: [10, 20, 30],
    confinement: { noNewPrivileges: false, seccomp: '/seccomp/strict.json', unmaskedProc: false },
  });
  const own = {
    allowPrivilegeEscalation: false,
    procMount: 'Unmasked',
    seccompProfile: { type: 'Unconfined' },
    appArmorProfile: { type: 'Localhost', localhostProfile: 'mine' },
  };
  t.same(configOf({ securityContext: own }, spec).confinement, {
    noNewPrivileges: true,
    seccomp: 'unconfined',
    appArmor: 'mine',
    unmaskedProc: true,
  });
});

t.test('whose processes a container sees', async (t) => {
  t.equal(configOf({}).processes, 'own');
  t.equal(configOf({}, { shareProcessNamespace: true }).processes, 'pod');
  t.equal(configOf({}, { hostPID: true }).processes, 'board');
});

for (const [why, resources, priority, score] of [
  ['what asks for nothing goes first', undefined, 0, 1000],
  ['what asks for half the memory is spared half', { requests: { memory: '500' } }, 0, 500],
  ['what asks for very little still goes after that', { requests: { cpu: '1m' } }, 0, 999],
  ['guaranteed memory is kept', { limits: { cpu: '1', memory: '10' } }, 0, -997],
  ['what the cluster cannot do without is kept', undefined, 2_000_001_000, -997],
] as const) {
  t.test(`out of memory: ${why}`, async (t) => {
    const container = {
      name: 'web',
      image: 'i:1',
      resources: (resources ?? {}) as core.ResourceRequirements,
    };
    const pod = desiredPod({ spec: { containers: [container], priority } });
    t.equal(containerConfig(pod, container, input).oomScoreAdj, score);
  });
}

t.test('a pod with a subdomain has a name in the cluster, and may be called by it', async (t) => {
  const spec = { hostname: 'db', subdomain: 'sets' };
  const config = (more = {}) => sandboxConfig(desiredPod({ spec: { ...spec, ...more } }), 0, {}, cluster);
  t.match(config(), { hostname: 'db', fqdn: 'db.sets.default.svc.cluster.local' });
  const whole = { hostname: 'db.sets.default.svc.cluster.local', shortName: 'db' };
  t.match(config({ setHostnameAsFQDN: true }), whole, 'its hosts file has the short name as well');
  const long = { setHostnameAsFQDN: true, hostname: 'd'.repeat(50) };
  t.throws(() => config(long), /too long \(64 characters is the max, 81 characters requested\)/);
});

for (const [sysctls, spec, words] of [
  [[{ name: 'net.ipv4.ip_local_port_range', value: '1 2' }], {}, undefined],
  [[{ name: 'kernel/shm_rmid_forced', value: '1' }], {}, undefined],
  [[{ name: 'kernel.msgmax', value: '1' }], {}, 'forbidden sysctl: "kernel.msgmax" not allowlisted'],
  [
    [{ name: 'net.ipv4.tcp_syncookies', value: '1' }],
    { hostNetwork: true },
    'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled',
  ],
] as const) {
  t.test(`sysctl ${sysctls[0].name} ${words ? 'is forbidden' : 'is allowed'}`, async (t) => {
    t.equal(forbiddenSysctl({ containers: [], ...spec, securityContext: { sysctls: [...sysctls] } }), words);
  });
}
