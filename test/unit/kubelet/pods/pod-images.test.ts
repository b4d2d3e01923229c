// How containers wait for their images and configuration.
import t from 'tap';
import { RuntimeError } from '../../../../src/kubelet/runtime/runtime.ts';
import {
  desiredPod,
  KubeletWorld,
  startedWorld,
  WEB_IMAGE,
  WEB_KEY,
} from '../../../support/kubelet-world.ts';

t.test('an image that cannot be pulled backs off and is tried again', async (t) => {
  const world = await startedWorld(
    t,
    desiredPod({ spec: { containers: [{ name: 'web', image: 'no/such:1' }] } }),
  );
  t.match(world.containerStatus().state?.waiting, { reason: 'ErrImagePull', message: /no image no\/such:1/ });
  await world.advance(2_000);
  t.match(world.containerStatus().state?.waiting, {
    reason: 'ImagePullBackOff',
    message: /^Back-off pulling image "no\/such:1": ErrImagePull: /,
  });
  const { uid } = desiredPod().metadata;
  t.equal(world.reconciler.waitingReason(uid, 'web'), 'ImagePullBackOff', 'for who asks for its log');
  t.equal(world.status().phase, 'Pending');
  world.runtime.pullable.add('no/such:1');
  await world.advance(8_000);
  t.equal(world.status().phase, 'Running');
  t.same(world.sink.reasons(), [
    'Pulling',
    'Failed',
    'Failed',
    'BackOff',
    'Failed',
    'Pulling',
    'Pulled',
    'Created',
    'Started',
  ]);
});

const policies = [
  { image: 'r/a:1', imagePullPolicy: 'Never', pulls: 0, reason: 'ErrImageNeverPull' },
  { image: 'localhost/a:1', imagePullPolicy: 'Always', pulls: 0, reason: 'ErrImagePull' },
  { image: WEB_IMAGE, imagePullPolicy: 'Always', pulls: 1, reason: undefined },
  { image: WEB_IMAGE, imagePullPolicy: 'IfNotPresent', pulls: 0, reason: undefined },
];

for (const { image, imagePullPolicy, pulls, reason } of policies) {
  t.test(
    `image ${image} with ${imagePullPolicy} is pulled ${pulls} times and waits for ${reason ?? 'nothing'}`,
    async (t) => {
      const containers = [{ name: 'web', image, imagePullPolicy }];
      const world = await startedWorld(t, desiredPod({ spec: { containers } }));
      t.equal(world.runtime.pulled.length, pulls);
      t.equal(world.containerStatus().state?.waiting?.reason, reason);
    },
  );
}

t.test('an image that is changed while the old one is being pulled does not wait for it', async (t) => {
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  world.runtime.pullable.add('slow:1').add('slow:2');
  world.runtime.startDelayMs = 1_000;
  await world.start();
  void world.want(desiredPod({ spec: { containers: [{ name: 'web', image: 'slow:1' }] } }));
  await world.advance(1_500);
  await world.want(desiredPod({ spec: { containers: [{ name: 'web', image: 'slow:2' }] } }));
  for (let i = 0; i < 5; i++) await world.advance(1_000);
  t.equal(world.running()?.image, 'slow:2');
  t.equal(world.containerStatus().restartCount, 0);
  t.equal(world.sink.reasons().filter((r) => r === 'Pulled').length, 1);
});

t.test('a pod can be deleted while its image is being pulled', async (t) => {
  const world = await startedWorld(
    t,
    desiredPod({ spec: { containers: [{ name: 'web', image: 'slow:1' }] } }),
  );
  world.runtime.startDelayMs = 60_000;
  await world.advance(20_000);
  const deletionTimestamp = '2026-01-01T00:00:50Z';
  await world.want(desiredPod({ metadata: { deletionTimestamp, deletionGracePeriodSeconds: 30 } }));
  t.equal(world.sink.pods.get(WEB_KEY)?.terminated, true);
});

t.test('a missing ConfigMap is waited for, and the container starts when it appears', async (t) => {
  const envFrom = [{ configMapRef: { name: 'settings' } }];
  const pod = desiredPod({ spec: { containers: [{ name: 'web', image: WEB_IMAGE, envFrom }] } });
  const world = await startedWorld(t, pod);
  t.same(world.containerStatus().state?.waiting, {
    reason: 'CreateContainerConfigError',
    message: 'configmap "settings" not found',
  });
  const metadata = {
    name: 'settings',
    namespace: 'default',
    uid: 'c',
    resourceVersion: '1',
    creationTimestamp: '',
  };
  world.configMaps.set('default/settings', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    data: { COLOUR: 'red' },
  });
  await world.look(WEB_KEY);
  t.equal(world.runtime.configs.get(world.running()?.id ?? '')?.env.COLOUR, 'red');
});

t.test(
  'a malformed name is told as such, and a missing pull secret before the pull fails for it',
  async (t) => {
    const containers = [{ name: 'web', image: 'Not/A:Name' }];
    const world = await startedWorld(t, desiredPod({ spec: { containers } }));
    t.match(world.containerStatus().state?.waiting, {
      reason: 'InvalidImageName',
      message: /invalid reference format/,
    });
    t.same(world.sink.reasons(), ['InspectFailed', 'Failed']);
    const other = await startedWorld(
      t,
      desiredPod({
        spec: { containers: [{ name: 'web', image: 'r.local/a:1' }], imagePullSecrets: [{ name: 'gone' }] },
      }),
    );
    t.match(other.sink.events[0], {
      reason: 'FailedToRetrieveImagePullSecret',
      message:
        'Unable to retrieve some image pull secrets (gone); attempting to pull the image may not succeed.',
    });
  },
);

t.test("a private image comes with the pod's secret, and the event tells time and size", async (t) => {
  const auths = { 'r.local': { username: 'ann', password: 'sesame' } };
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  world.runtime.pullable.add('r.local/a:1');
  world.runtime.passwords.set('r.local/a:1', 'sesame');
  world.secrets.set('default/cred', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'cred', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
  });
  await world.start();
  const spec = { containers: [{ name: 'web', image: 'r.local/a:1' }], imagePullSecrets: [{ name: 'cred' }] };
  await world.want(desiredPod({ spec }));
  t.equal(world.status().phase, 'Running');
  const pulled = world.sink.events.find(({ reason }) => reason === 'Pulled');
  t.match(
    pulled?.message,
    /^Successfully pulled image "r\.local\/a:1" in 0\.000s \(0\.000s including waiting\)\. Image size: 1000000 bytes\.$/,
  );
});

t.test('an engine that cannot look at an image is told by the pod, and asked again', async (t) => {
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  await world.start();
  world.runtime.fail('imageExists', new RuntimeError('ImageInspectError', 'layer not known'));
  await world.want(desiredPod());
  const message = `Failed to inspect image "${WEB_IMAGE}": layer not known`;
  t.match(world.containerStatus().state?.waiting, { reason: 'ImageInspectError', message });
  t.match(world.sink.events.slice(-2), [
    { reason: 'InspectFailed', message },
    { reason: 'Failed', message: 'Error: ImageInspectError' },
  ]);
  await world.advance(10_000);
  t.ok(world.running());
});
