// What a new pod is given to call the API with, over HTTPS. Shapes are upstream's, as its documentation shows them:
// https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-token-volume
import t from 'tap';
import type { core } from '../../src/api/objects.ts';
import { startApiServer } from '../support/api-server.ts';

const api = await startApiServer();
t.teardown(() => api.stop());

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const pods = '/api/v1/namespaces/default/pods';
const accounts = '/api/v1/namespaces/default/serviceaccounts';
const container = { name: 'c', image: 'i' };
let count = 0;

async function specOf(spec: Partial<core.PodSpec>): Promise<core.PodSpec> {
  const metadata = { name: `p${++count}` };
  const body = { metadata, spec: { containers: [container], ...spec } };
  const { code, json, text } = await api.ask('POST', pods, { body });
  if (code !== 201) throw new Error(text);
  return json.spec;
}

const accessOf = ({ volumes = [] }: core.PodSpec) =>
  volumes.filter(({ name }) => name.startsWith('kube-api-access-'));

t.test('every container finds token, CA and namespace where clients look for them', async (t) => {
  const spec = await specOf({ initContainers: [{ name: 'i', image: 'i' }] });
  const [volume, ...more] = accessOf(spec);
  t.match(volume?.name, /^kube-api-access-[a-z0-9]{5}$/);
  t.same(more, []);
  t.same(volume?.projected, {
    defaultMode: 420,
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
  });
  for (const { volumeMounts } of [...(spec.initContainers ?? []), ...spec.containers]) {
    t.same(volumeMounts, [{ name: volume?.name, readOnly: true, mountPath: MOUNT_PATH }]);
  }
});

t.test('a pod or its account may do without; the pod has the last word', async (t) => {
  const body = { metadata: { name: 'quiet' }, automountServiceAccountToken: false };
  t.equal((await api.ask('POST', accounts, { body })).code, 201);
  const without = await specOf({ automountServiceAccountToken: false });
  t.same([without.volumes, without.containers[0]?.volumeMounts], [undefined, undefined]);
  t.same(accessOf(await specOf({ serviceAccountName: 'quiet' })), []);
  const insisting = { serviceAccountName: 'quiet', automountServiceAccountToken: true };
  t.equal(accessOf(await specOf(insisting)).length, 1);
});

t.test('a container that mounts something there itself keeps it, and alone it needs no volume', async (t) => {
  const volumes = [{ name: 'own', emptyDir: {} }];
  const own = { ...container, volumeMounts: [{ name: 'own', mountPath: MOUNT_PATH }] };
  const alone = await specOf({ volumes, containers: [own] });
  t.same(alone.volumes, volumes);
  t.same(alone.containers[0]?.volumeMounts, own.volumeMounts);
  const both = await specOf({ volumes, containers: [own, { name: 'd', image: 'i' }] });
  t.same(both.containers[0]?.volumeMounts, own.volumeMounts);
  t.equal(both.containers[1]?.volumeMounts?.[0]?.name, accessOf(both)[0]?.name);
});

t.test('a pod applied a second time, and one made from what was read, get no second volume', async (t) => {
  const first = await specOf({});
  const again = await specOf(first);
  t.equal(accessOf(again).length, 1);
  const body = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'applied' },
    spec: { containers: [container] },
  };
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const path = `${pods}/applied?fieldManager=test`;
  const { json: made } = await api.ask('PATCH', path, { body, headers });
  const { json: same } = await api.ask('PATCH', path, { body, headers });
  t.equal(accessOf(made.spec).length, 1);
  t.equal(same.metadata.resourceVersion, made.metadata.resourceVersion);
});

t.test('a token that lasts less than ten minutes cannot be asked for', async (t) => {
  const sources = [{ serviceAccountToken: { path: 'token', expirationSeconds: 599 } }];
  const spec = { containers: [container], volumes: [{ name: 'v', projected: { sources } }] };
  const { code, json } = await api.ask('POST', pods, { body: { metadata: { name: 'short' }, spec } });
  t.equal(code, 422);
  t.match(
    json.message,
    /expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes/,
  );
});
