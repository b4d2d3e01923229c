import t from 'tap';
import type { core } from '../../../../src/api/objects.ts';
import { expand } from '../../../../src/kubelet/config/env-expansion.ts';
import { environmentOf } from '../../../../src/kubelet/config/environment.ts';
import { fieldValue } from '../../../../src/kubelet/config/field-ref.ts';
import { desiredPod } from '../../../support/kubelet-world.ts';

const place = {
  nodeName: 'board-a',
  podIP: '10.40.2.2',
  hostIP: '192.168.1.20',
  allocatable: { cpu: '4', memory: '1Gi', ephemeralStorage: '8Gi' },
};
const configMaps = new Map([
  [
    'settings',
    new Map([
      ['colour', 'red'],
      ['bad name', 'x'],
    ]),
  ],
]);
const secrets = new Map([['login', new Map([['password', 'geheim']])]]);
const configs = {
  configMap: (name: string) => configMaps.get(name),
  secret: (name: string) => secrets.get(name),
};

function envOf(container: Partial<core.Container>, serviceVariables: Record<string, string> = {}) {
  const whole = { name: 'web', image: 'i', ...container };
  const pod = desiredPod({
    metadata: { labels: { app: 'shop' }, annotations: { 'a/b': 'note' } },
    spec: { containers: [whole], serviceAccountName: 'robot' },
  });
  return Object.fromEntries(environmentOf({ pod, container: whole, place, configs, serviceVariables }));
}

for (const [text, result] of [
  ['$(A)-$(B)', '1-2'],
  ['$$(A)', '$(A)'],
  ['$(MISSING)', '$(MISSING)'],
  ['$$$(A)', '$1'],
  ['$A $[A] $(A', '$A $[A] $(A'],
  ['100$', '100$'],
] as const) {
  t.test(`${text} expands to ${result}`, async (t) => {
    t.equal(
      expand(
        text,
        new Map([
          ['A', '1'],
          ['B', '2'],
        ]),
      ),
      result,
    );
  });
}

t.test('a value may use variables before it and those of Services, not those after it', async (t) => {
  const env = [
    { name: 'HOST', value: 'http://$(WEB_SERVICE_HOST)' },
    { name: 'URL', value: '$(HOST)/$(LATER)' },
    { name: 'LATER', value: 'x' },
  ];
  t.match(envOf({ env }, { WEB_SERVICE_HOST: '10.48.0.5' }), {
    HOST: 'http://10.48.0.5',
    URL: 'http://10.48.0.5/$(LATER)',
  });
});

t.test("a container's own variable wins over a Service's", async (t) => {
  t.equal(envOf({ env: [{ name: 'A', value: 'own' }] }, { A: 'service' }).A, 'own');
});

t.test('the downward API gives the pod and its place', async (t) => {
  const paths = {
    NAME: 'metadata.name',
    NAMESPACE: 'metadata.namespace',
    UID: 'metadata.uid',
    APP: "metadata.labels['app']",
    NOTE: "metadata.annotations['a/b']",
    NODE: 'spec.nodeName',
    ACCOUNT: 'spec.serviceAccountName',
    IP: 'status.podIP',
    HOST: 'status.hostIP',
  };
  const env = Object.entries(paths).map(([name, fieldPath]) => ({
    name,
    valueFrom: { fieldRef: { fieldPath } },
  }));
  t.same(envOf({ env }), {
    NAME: 'web-1',
    NAMESPACE: 'default',
    UID: 'uid-web-1',
    APP: 'shop',
    NOTE: 'note',
    NODE: 'board-a',
    ACCOUNT: 'robot',
    IP: '10.40.2.2',
    HOST: '192.168.1.20',
  });
});

for (const [resource, divisor, result] of [
  ['limits.cpu', undefined, '1'],
  ['limits.cpu', '1m', '500'],
  ['limits.memory', '1Mi', '64'],
  ['requests.cpu', '1m', '0'],
  ['limits.ephemeral-storage', '1Gi', '8'],
] as const) {
  t.test("all of a pod's addresses are one value", async (t) => {
    t.equal(
      fieldValue('status.podIPs', desiredPod(), { ...place, podIPv6: 'fd00:10:40::5' }),
      '10.40.2.2,fd00:10:40::5',
    );
    t.equal(fieldValue('status.podIPs', desiredPod(), place), '10.40.2.2');
  });

  t.test(`${resource} by ${divisor ?? '1'} is ${result}`, async (t) => {
    const resources = { limits: { cpu: '500m', memory: '64Mi' } };
    const resourceFieldRef = { resource, ...(divisor ? { divisor } : {}) };
    t.equal(envOf({ resources, env: [{ name: 'X', valueFrom: { resourceFieldRef } }] }).X, result);
  });
}

t.test('ConfigMaps and Secrets give whole sets and single keys', async (t) => {
  const container = {
    envFrom: [{ configMapRef: { name: 'settings' }, prefix: 'S_' }, { secretRef: { name: 'login' } }],
    env: [{ name: 'PW', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } }],
  };
  t.same(envOf(container), { S_colour: 'red', password: 'geheim', PW: 'geheim' });
});

t.test('what is missing and not optional is named', async (t) => {
  const ref = (configMapKeyRef: core.ConfigMapKeySelector) => ({
    env: [{ name: 'A', valueFrom: { configMapKeyRef } }],
  });
  t.throws(() => envOf(ref({ name: 'no', key: 'k' })), /configmap "no" not found/);
  t.throws(
    () => envOf(ref({ name: 'settings', key: 'k' })),
    /couldn't find key k in ConfigMap default\/settings/,
  );
  t.throws(() => envOf({ envFrom: [{ secretRef: { name: 'no' } }] }), /secret "no" not found/);
  t.same(envOf(ref({ name: 'no', key: 'k', optional: true })), {});
  t.same(envOf({ envFrom: [{ secretRef: { name: 'no', optional: true } }] }), {});
});

t.test('a field that the downward API does not have is refused', async (t) => {
  const env = [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.containers' } } }];
  t.throws(() => envOf({ env }), /unsupported fieldPath: spec.containers/);
});
