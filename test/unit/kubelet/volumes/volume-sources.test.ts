// Which files projected and downwardAPI volumes hold.
import t from 'tap';
import type { ConfigMap, core, Pod, Secret } from '../../../../src/api/objects.ts';
import { filesFor } from '../../../../src/kubelet/config/file-lookup.ts';
import { projectedFilesOf } from '../../../../src/kubelet/volumes/volume-sources.ts';
import { desiredPod } from '../../../support/kubelet-world.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const meta = (name: string, uid = name) => ({
  name,
  namespace: 'default',
  uid,
  resourceVersion: '1',
  creationTimestamp: '',
});
const place = {
  nodeName: 'pi',
  podIP: undefined,
  hostIP: '192.168.1.20',
  allocatable: { cpu: '4', memory: '1Gi', ephemeralStorage: '0' },
};
const pod: Pod = desiredPod({
  metadata: { labels: { tier: 'front', app: 'say "hi"' }, annotations: { note: 'a\nb' } },
  spec: {
    containers: [{ name: 'web', image: 'i', resources: { requests: { cpu: '250m' }, limits: { cpu: '1' } } }],
  },
});
const configs = new Map<string, ConfigMap>([
  [
    'default/ca',
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('ca'), data: { 'ca.crt': 'PEM', x: 'y' } },
  ],
]);
const secret = (name: string, data: Record<string, string>, uid?: string): [string, Secret] => [
  `default/${name}`,
  { apiVersion: 'v1', kind: 'Secret', metadata: meta(name, uid), data },
];
const ownTokens = secret('token:web-1', { '3600 ': base64('eyJ'), '600 vault': base64('eyV') }, 'uid-web-1');

function files(
  volume: Omit<core.Volume, 'name'>,
  secrets: [string, Secret][] = [ownTokens],
  isProvisional = false,
): Record<string, string> {
  const state = { pods: new Map(), configMaps: configs, secrets: new Map(secrets), volumes: new Map() };
  const found = projectedFilesOf({ name: 'v', ...volume }, filesFor(pod, state, place, isProvisional)) ?? [];
  return Object.fromEntries(
    found.map(({ path, content, mode }) => [path, `${Buffer.from(content)} ${mode.toString(8)}`]),
  );
}
const projected = (sources: core.VolumeProjection[], defaultMode?: number) => ({
  projected: { sources, ...(defaultMode === undefined ? {} : { defaultMode }) },
});
const downward = (...items: core.DownwardAPIVolumeFile[]) => ({ downwardAPI: { items } });
const token = { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } };

t.test('a projected volume holds the files of all its sources, under their paths', async (t) => {
  const sources: core.VolumeProjection[] = [
    token,
    { serviceAccountToken: { path: 'deep/vault', audience: 'vault', expirationSeconds: 600 } },
    { configMap: { name: 'ca', items: [{ key: 'ca.crt', path: 'ca.crt', mode: 0o400 }] } },
    { secret: { name: 'login' } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
  ];
  t.same(files(projected(sources, 0o440), [ownTokens, secret('login', { user: base64('eva') })]), {
    token: 'eyJ 440',
    'deep/vault': 'eyV 440',
    'ca.crt': 'PEM 400',
    user: 'eva 440',
    namespace: 'default 440',
  });
});

t.test('a missing source is told, unless it is optional', async (t) => {
  t.throws(() => files(projected([{ secret: { name: 'gone' } }])), { message: 'secret "gone" not found' });
  t.throws(() => files(projected([{ configMap: { name: 'ca', items: [{ key: 'z', path: 'z' }] } }])), {
    message: 'configmap references non-existent config key: z',
  });
  t.same(files(projected([{ secret: { name: 'gone', optional: true } }])), {});
});

t.test('a token that has not come is waited for, and left out while no master is in sight', async (t) => {
  t.throws(() => files(projected([token]), []), { reason: 'FailedMount', message: /has not been received/ });
  t.same(files(projected([token]), [], true), {});
});

t.test("a pod reads no token but its own: not a namesake's, and none by naming it as a Secret", async (t) => {
  t.throws(() => files(projected([token]), [secret('token:web-1', { '3600 ': 'x' }, 'uid-before')]));
  const other = secret('token:other', { '3600 ': base64('theirs') }, 'uid-other');
  t.throws(() => files({ secret: { secretName: 'token:other' } }, [other]), {
    message: 'secret "token:other" not found',
  });
  t.throws(() => files(projected([{ secret: { name: 'token:other' } }]), [other]));
});

t.test(
  'the downward API gives names, all labels sorted and quoted, and resources in their divisor',
  async (t) => {
    const resource = (name: string, divisor: string) => ({
      resourceFieldRef: { containerName: 'web', resource: name, divisor },
    });
    t.same(
      files(
        downward(
          { path: 'name', fieldRef: { fieldPath: 'metadata.name' } },
          { path: 'one', fieldRef: { fieldPath: "metadata.labels['tier']" } },
          { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' }, mode: 0o600 },
          { path: 'annotations', fieldRef: { fieldPath: 'metadata.annotations' } },
          { path: 'cpu', ...resource('requests.cpu', '1m') },
          { path: 'memory', ...resource('limits.memory', '1Mi') },
        ),
      ),
      {
        name: 'web-1 644',
        one: 'front 644',
        labels: 'app="say \\"hi\\""\ntier="front" 600',
        annotations: 'note="a\\nb" 644',
        cpu: '250 644',
        memory: '1024 644',
      },
    );
  },
);

t.test('a path that climbs out of its volume is refused', async (t) => {
  for (const path of ['../x', '/etc/x', 'a/../../x', '']) {
    const projection = { serviceAccountToken: { path, expirationSeconds: 3600 } };
    t.throws(() => files(projected([projection])), { message: /must be relative/ }, path);
  }
});
