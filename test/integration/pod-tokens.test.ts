// A pod's token on its whole way: signed by the API server, sent by the gateway through a real broker, taken by the
// pod's board and by nobody else, accepted over HTTPS as the pod's account.
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { pods } from '../../src/api/kinds/pod.ts';
import type { Pod } from '../../src/api/objects.ts';
import { allKinds } from '../../src/api/scheme-table.ts';
import { systemClock } from '../../src/base/clock.ts';
import { defaultClusterNetwork } from '../../src/base/cluster-network.ts';
import { sequence } from '../../src/base/component.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { filesFor } from '../../src/kubelet/config/file-lookup.ts';
import { projectedFilesOf } from '../../src/kubelet/volumes/volume-sources.ts';
import { AgentLink } from '../../src/mqtt/agent-link.ts';
import { bearing, runAccessLoops } from '../support/access.ts';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';
import { birth } from '../support/gateway-lab.ts';
import { MqttLab } from '../support/mqtt-lab.ts';

const shared = { clock: systemClock, logger: silentLogger };
const KEY = 'default/web';
const place = {
  nodeName: 'pi',
  podIP: undefined,
  hostIP: undefined,
  allocatable: { cpu: '4', memory: '1Gi', ephemeralStorage: '0' },
};

/** What the board's kubelet would write for the pod's access volume; throws while something is missing. */
function filesOn(link: AgentLink): Record<string, string> {
  const state = link.desired.current();
  const pod = state?.pods.get(KEY);
  const volume = pod?.spec.volumes?.find(({ name }) => name.startsWith('kube-api-access-'));
  if (!state || !pod || !volume) throw new Error('the pod has not come');
  const files = projectedFilesOf(volume, filesFor(pod, state, place, false)) ?? [];
  return Object.fromEntries(files.map(({ path, content }) => [path, Buffer.from(content).toString()]));
}

t.test('the board of a pod, and nobody else, has a token with which the pod calls the API', async (t) => {
  const api = await startApiServer();
  t.teardown(() => api.stop());
  const loops = await runAccessLoops(api);
  t.teardown(() => loops.stop());
  const lab = await MqttLab.start(t);
  const { client, tokens } = api.server;
  const informers = new InformerFactory({ client, ...shared });
  const gateway = new Gateway({
    client,
    informers,
    bus: lab.broker,
    epoch: randomUUID(),
    network: defaultClusterNetwork,
    kinds: allKinds,
    tokenIssuer: tokens,
    recorder: { record: () => {} },
    ...shared,
  });
  const master = sequence([informers, gateway]);
  await master.start();
  t.teardown(() => master.stop());
  const person = await lab.inspector();
  await person.mqtt.subscribeAsync('#');
  const neighbour = await lab.client('other');
  await neighbour.mqtt.subscribeAsync('#');
  const session = await lab.session('pi');
  const link = new AgentLink({ session, ...shared });
  link.setBirth(birth);
  await link.start();
  t.teardown(() => link.stop());
  await session.start();

  const pod = await client.create<Pod>(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default' },
    spec: { nodeName: 'pi', containers: [{ name: 'c', image: 'i' }] },
  });
  const files = await eventually(() => filesOn(link));
  t.equal(files.namespace, 'default');
  t.equal(files['ca.crt'], api.authority.certificatePem);
  const token = files.token ?? '';
  const caller = bearing(api, token);
  const review = () => caller('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: {} });
  t.match((await review()).json.status.userInfo, {
    username: 'system:serviceaccount:default:default',
    extra: { 'authentication.kubernetes.io/pod-uid': [pod.metadata.uid] },
  });
  t.equal(
    (await caller('GET', '/api/v1/namespaces/default/pods')).code,
    403,
    'a token alone gives no rights',
  );
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  t.equal(claims.exp - claims.iat, 3607);

  // Late comers are sent all that is retained; the early ones have heard it pass.
  const late = await lab.inspector();
  await late.mqtt.subscribeAsync('edge/v1/#');
  for (const { received } of [person, late]) {
    await eventually(() => received.some(({ topic }) => topic.endsWith('desired/pods/default/web')));
  }
  for (const { received } of [person, late, neighbour]) {
    const heard = received.map(({ text }) => text).join('\n');
    t.notOk(heard.includes(token) || heard.includes(Buffer.from(token).toString('base64')));
    t.notOk(received.some(({ topic }) => topic.includes('/desired/secrets/')));
  }

  await client.delete(pods, KEY, { gracePeriodSeconds: 0 });
  t.equal((await review()).code, 401, 'the token ends with its pod');
  await eventually(() => link.desired.current()?.secrets.size === 0);
});
