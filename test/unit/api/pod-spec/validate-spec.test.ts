import t from 'tap';
import type { core } from '../../../../src/api/objects.ts';
import { setPodSpecDefaults } from '../../../../src/api/pod-spec/defaults.ts';
import { validatePodSpec } from '../../../../src/api/pod-spec/validate-spec.ts';

type Parts = Partial<core.PodSpec> & { container?: Partial<core.Container> };

function problems({ container, ...parts }: Parts): string[] {
  const spec: core.PodSpec = { containers: [{ name: 'c', image: 'i', ...container }], ...parts };
  setPodSpecDefaults(spec);
  return validatePodSpec(spec, 'spec').map((e) => `${e.field}: ${e.message}`);
}

t.test('a pod that uses much of what there is passes', async (t) => {
  t.same(
    problems({
      container: {
        ports: [
          { name: 'http', containerPort: 80, hostPort: 8080 },
          { containerPort: 53, protocol: 'UDP', hostPort: 8080 },
        ],
        env: [
          { name: 'my.env-NAME', value: 'x' },
          { name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
          { name: 'C', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
          { name: 'D', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        ],
        envFrom: [{ configMapRef: { name: 'm' } }],
        resources: { requests: { cpu: '100m' }, limits: { cpu: '1', memory: '64Mi', 'x.io/y': '1' } },
        volumeMounts: [
          { name: 'v', mountPath: '/a', subPath: 'b/c' },
          { name: 'h', mountPath: '/h', readOnly: true },
        ],
        livenessProbe: { httpGet: { port: 'http' } },
        readinessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 },
        lifecycle: { preStop: { exec: { command: ['true'] } } },
      },
      volumes: [
        { name: 'v', emptyDir: { sizeLimit: '1Gi' } },
        { name: 'h', hostPath: { path: '/var', type: 'Directory' } },
        { name: 'c', configMap: { name: 'm', items: [{ key: 'k', path: 'a/b' }] } },
      ],
      initContainers: [{ name: 'init', image: 'i' }],
      tolerations: [{ operator: 'Exists' }, { key: 'a', effect: 'NoExecute', tolerationSeconds: 5 }],
      nodeSelector: { disk: 'ssd' },
      hostAliases: [{ ip: '10.0.0.1', hostnames: ['a.b'] }],
    }),
    [],
  );
});

const cases: [string, Parts, string | RegExp][] = [
  ['no containers', { containers: [] }, 'spec.containers: Required value'],
  ['no image', { container: { image: '' } }, 'spec.containers[0].image: Required value'],
  ['spaces around an image', { container: { image: ' i' } }, /must not have leading or trailing whitespace/],
  ['no name', { container: { name: '' } }, 'spec.containers[0].name: Required value'],
  [
    'a bad name',
    { container: { name: 'A_b' } },
    /^spec.containers\[0\].name: Invalid value: "A_b": a lowercase RFC 1123 label/,
  ],
  [
    'a name twice',
    { initContainers: [{ name: 'c', image: 'i' }] },
    'spec.initContainers[0].name: Duplicate value: "c"',
  ],
  [
    'a port too high',
    { container: { ports: [{ containerPort: 70_000 }] } },
    /containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive/,
  ],
  [
    'a port that is not there',
    { container: { ports: [{ containerPort: 0 }] } },
    /containerPort: Required value/,
  ],
  [
    'a protocol unknown',
    { container: { ports: [{ containerPort: 1, protocol: 'HTTP' }] } },
    /Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"/,
  ],
  [
    'a port name twice',
    {
      container: {
        ports: [
          { name: 'a', containerPort: 1 },
          { name: 'a', containerPort: 2 },
        ],
      },
    },
    'spec.containers[0].ports[1].name: Duplicate value: "a"',
  ],
  [
    'a host port twice',
    {
      container: {
        ports: [
          { containerPort: 1, hostPort: 5 },
          { containerPort: 2, hostPort: 5 },
        ],
      },
    },
    /ports\[1\].hostPort: Duplicate value/,
  ],
  [
    'a mount without volume',
    { container: { volumeMounts: [{ name: 'x', mountPath: '/x' }] } },
    'spec.containers[0].volumeMounts[0].name: Not found: "x"',
  ],
  [
    'a mount path twice',
    {
      volumes: [{ name: 'v' }],
      container: {
        volumeMounts: [
          { name: 'v', mountPath: '/x' },
          { name: 'v', mountPath: '/x' },
        ],
      },
    },
    /mountPath: Invalid value: "\/x": must be unique/,
  ],
  [
    'a sub path that climbs out',
    {
      volumes: [{ name: 'v' }],
      container: { volumeMounts: [{ name: 'v', mountPath: '/x', subPath: '../y' }] },
    },
    /must not contain '..'/,
  ],
  [
    'a volume twice',
    { volumes: [{ name: 'v' }, { name: 'v' }] },
    'spec.volumes[1].name: Duplicate value: "v"',
  ],
  [
    'a volume with two sources',
    { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] },
    /may not specify more than 1 volume type/,
  ],
  [
    'a host path without path',
    { volumes: [{ name: 'v', hostPath: { path: '' } }] },
    'spec.volumes[0].hostPath.path: Required value',
  ],
  [
    'a host path type unknown',
    { volumes: [{ name: 'v', hostPath: { path: '/x', type: 'X' } }] },
    /hostPath.type: Unsupported value: "X"/,
  ],
  [
    'a secret volume without secret',
    { volumes: [{ name: 'v', secret: {} }] },
    'spec.volumes[0].secret.secretName: Required value',
  ],
  [
    'a variable without name',
    { container: { env: [{ name: '' }] } },
    'spec.containers[0].env[0].name: Required value',
  ],
  ['a variable name with =', { container: { env: [{ name: 'a=b' }] } }, /a valid environment variable name/],
  [
    'a variable with value and source',
    {
      container: {
        env: [{ name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      },
    },
    /may not be specified when `value` is not empty/,
  ],
  [
    'a variable with no source',
    { container: { env: [{ name: 'A', valueFrom: {} }] } },
    /must specify one of/,
  ],
  [
    'a field that does not exist',
    { container: { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.x' } } }] } },
    /fieldPath: Unsupported value: "spec.x"/,
  ],
  [
    'an amount that is none',
    { container: { resources: { limits: { cpu: 'x' } } } },
    /quantities must match the regular expression/,
  ],
  [
    'a negative amount',
    { container: { resources: { limits: { cpu: '-1' } } } },
    /must be greater than or equal to 0/,
  ],
  [
    'a request above its limit',
    { container: { resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } } },
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
  ],
  [
    'a resource unknown',
    { container: { resources: { limits: { disk: '1' } } } },
    /must be a standard resource for containers/,
  ],
  [
    'half of an extended resource',
    { container: { resources: { limits: { 'x.io/y': '500m' } } } },
    /must be an integer/,
  ],
  [
    'a probe without handler',
    { container: { livenessProbe: {} } },
    'spec.containers[0].livenessProbe: Required value: must specify a handler type',
  ],
  [
    'a probe with two handlers',
    { container: { readinessProbe: { exec: { command: ['x'] }, tcpSocket: { port: 1 } } } },
    /may not specify more than 1 handler type/,
  ],
  [
    'a liveness probe that must succeed twice',
    { container: { livenessProbe: { tcpSocket: { port: 1 }, successThreshold: 2 } } },
    /successThreshold: Invalid value: 2: must be 1/,
  ],
  [
    'a negative delay',
    { container: { readinessProbe: { tcpSocket: { port: 1 }, initialDelaySeconds: -1 } } },
    /initialDelaySeconds: Invalid value: -1: must be greater than or equal to 0/,
  ],
  [
    'a probe on an init container',
    { initContainers: [{ name: 'i', image: 'i', livenessProbe: { exec: { command: ['x'] } } }] },
    /may not be set for init containers without restartPolicy=Always/,
  ],
  [
    'a restart policy unknown',
    { restartPolicy: 'Sometimes' },
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
  ],
  [
    'a pull policy unknown',
    { container: { imagePullPolicy: 'Often' } },
    /imagePullPolicy: Unsupported value: "Often"/,
  ],
  ['a DNS policy without servers', { dnsPolicy: 'None' }, /must provide at least one DNS nameserver/],
  ['a negative grace', { terminationGracePeriodSeconds: -1 }, /must be greater than or equal to 0/],
  ['no time to live', { activeDeadlineSeconds: 0 }, /must be between 1 and 2147483647, inclusive/],
  [
    'a toleration without key',
    { tolerations: [{ value: 'x' }] },
    /operator must be Exists when `key` is empty/,
  ],
  [
    'seconds without NoExecute',
    { tolerations: [{ key: 'a', tolerationSeconds: 1 }] },
    /effect must be 'NoExecute'/,
  ],
  ['a bad node label', { nodeSelector: { 'a b': 'c' } }, /^spec.nodeSelector: Invalid value/],
  ['a bad host alias', { hostAliases: [{ ip: 'x', hostnames: [] }] }, /must be valid IP address/],
  ['a user below 0', { securityContext: { runAsUser: -1 } }, /runAsUser: Invalid value: -1/],
  [
    'a sysctl with an odd name',
    { securityContext: { sysctls: [{ name: 'foo-', value: 'bar' }] } },
    /^spec.securityContext.sysctls\[0\].name: Invalid value: "foo-": must have at most 253 characters and match regex/,
  ],
  [
    'a sysctl that ends in dots',
    { securityContext: { sysctls: [{ name: 'bar..', value: '42' }] } },
    /sysctls\[0\].name: Invalid value: "bar.."/,
  ],
  [
    'a sysctl without a name',
    { securityContext: { sysctls: [{ name: '', value: '42' }] } },
    'spec.securityContext.sysctls[0].name: Required value',
  ],
  [
    'a sysctl that stands twice',
    {
      securityContext: {
        sysctls: [
          { name: 'net/ipv4/tcp_syncookies', value: '1' },
          { name: 'kernel.shm_rmid_forced', value: '1' },
          { name: 'kernel.shm_rmid_forced', value: '0' },
        ],
      },
    },
    'spec.securityContext.sysctls[2].name: Duplicate value: "kernel.shm_rmid_forced"',
  ],
  [
    'an unknown way to change owners',
    { securityContext: { fsGroupChangePolicy: 'Never' } },
    /fsGroupChangePolicy: Unsupported value: "Never": supported values: "Always", "OnRootMismatch"/,
  ],
  [
    'an unknown seccomp type',
    { securityContext: { seccompProfile: { type: 'None' } } },
    /seccompProfile.type: Unsupported value: "None": supported values: "Localhost", "RuntimeDefault", "Unconfined"/,
  ],
  [
    'a local seccomp profile without its name',
    { container: { securityContext: { seccompProfile: { type: 'Localhost' } } } },
    'spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost',
  ],
  [
    'a profile name that nothing reads',
    { container: { securityContext: { appArmorProfile: { type: 'Unconfined', localhostProfile: 'x' } } } },
    /appArmorProfile.localhostProfile: Invalid value: "x": can only be set when AppArmor type is Localhost/,
  ],
  [
    'privileged without escalation',
    { container: { securityContext: { privileged: true, allowPrivilegeEscalation: false } } },
    /cannot set `allowPrivilegeEscalation` to false and `privileged` to true/,
  ],
  [
    'affinity without terms',
    {
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
      },
    },
    /must have at least one node selector term/,
  ],
];

for (const [what, parts, expected] of cases) {
  t.test(`${what} is refused`, async (t) => {
    const found = problems(parts);
    t.ok(
      found.some((line) => (typeof expected === 'string' ? line === expected : expected.test(line))),
      `${expected} in ${JSON.stringify(found)}`,
    );
    t.equal(found.length, 1, 'and nothing else is');
  });
}
