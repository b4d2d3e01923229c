// Tokens of pods on their way to the boards: who gets one, when it is made anew, what it waits for.
import t, { type Test } from 'tap';
import { pods } from '../../../src/api/kinds/pod.ts';
import { secrets } from '../../../src/api/kinds/secret.ts';
import { serviceAccounts } from '../../../src/api/kinds/service-account.ts';
import type { core, Pod, ServiceAccount } from '../../../src/api/objects.ts';
import type { PodTokenIssuer, PodTokenWanted } from '../../../src/gateway/pod-tokens.ts';
import { topics } from '../../../src/mqtt/topics.ts';
import { GatewayLab } from '../../support/gateway-lab.ts';
import type { MemoryCluster } from '../../support/memory-cluster.ts';

const HOUR_MS = 3_600_000;
const SECRET = topics.desired('pi', 'secrets', 'default/token:web');
const tokenVolume = (audience?: string): core.Volume => ({
  name: `v${audience?.length ?? 0}`,
  projected: { sources: [{ serviceAccountToken: { path: 'token', ...(audience ? { audience } : {}) } }] },
});

const addAccount = ({ client }: Pick<GatewayLab | MemoryCluster, 'client'>, name = 'default') =>
  client.create<ServiceAccount>(serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: 'default' },
  });

const addPod = (lab: GatewayLab, volumes: core.Volume[] = [tokenVolume()], name = 'web') =>
  lab.client.create<Pod>(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { nodeName: 'pi', containers: [{ name: 'c', image: 'i' }], volumes },
  });

/** Tokens that say when and for whom they were made. */
async function start(t: Test) {
  const issued: PodTokenWanted[] = [];
  const tokenIssuer: PodTokenIssuer = {
    issueForPod(wanted) {
      issued.push(wanted);
      const token = `${issued.length} for ${wanted.account.name} ${wanted.pod.uid} ${wanted.audience}`;
      return { token };
    },
  };
  const lab = await GatewayLab.start(t, undefined, { tokenIssuer });
  await lab.join('pi');
  return { lab, issued };
}

/** Decoded, by key; `undefined` while nothing is published. */
function tokensAt(lab: GatewayLab, topic = SECRET): string[] | undefined {
  const data = lab.bus.topics(topic).length > 0 ? lab.bus.at(topic).secret.data : undefined;
  return data && Object.values<string>(data).map((text) => Buffer.from(text, 'base64').toString());
}

t.test(
  'a pod that asks for tokens has each on its board once, bound to it, and named by the index',
  async (t) => {
    const { lab } = await start(t);
    await addAccount(lab);
    const pod = await addPod(lab, [tokenVolume(), tokenVolume('vault'), { ...tokenVolume(), name: 'again' }]);
    await addPod(lab, [], 'plain');
    await lab.pass(10);
    t.same(tokensAt(lab), [`1 for default ${pod.metadata.uid} `, `2 for default ${pod.metadata.uid} vault`]);
    const { secrets } = lab.bus.at(topics.desiredIndex('pi'));
    t.same(Object.keys(secrets), ['default/token:web']);
    t.equal(secrets['default/token:web'].uid, pod.metadata.uid);
  },
);

t.test('a token is no object of the API, and nothing of it is shown under objects', async (t) => {
  const { lab } = await start(t);
  await addAccount(lab);
  await addPod(lab);
  await lab.pass(10);
  t.same((await lab.client.list(secrets)).items, []);
  t.same(lab.bus.topics('edge/v1/objects/core/secrets/#'), []);
});

t.test('a pod whose account is not there gets its token when the account comes', async (t) => {
  const { lab } = await start(t);
  await addPod(lab);
  await lab.pass(10);
  t.equal(tokensAt(lab), undefined);
  t.equal(lab.bus.topics(topics.desired('pi', 'pods', 'default/web')).length, 1, 'the pod is there already');
  await addAccount(lab);
  await lab.pass(10);
  t.equal(tokensAt(lab)?.length, 1);
});

t.test('a token is made anew before four fifths of its life, and not long before', async (t) => {
  const { lab, issued } = await start(t);
  await addAccount(lab);
  await addPod(lab);
  await lab.pass(10);
  await lab.pass(0.7 * HOUR_MS);
  t.equal(issued.length, 1);
  const before = lab.bus.at(SECRET).revision;
  await lab.pass(0.1 * HOUR_MS);
  t.equal(issued.length, 2);
  t.match(tokensAt(lab)?.[0], /^2 for/);
  t.ok(lab.bus.at(SECRET).revision > before);
});

t.test('the tokens of a board are renewed together, so that it hears of one change', async (t) => {
  const { lab } = await start(t);
  await addAccount(lab);
  for (const name of ['a', 'b', 'c']) {
    await addPod(lab, [tokenVolume()], name);
    await lab.pass(30_000);
  }
  const from = lab.bus.log.length;
  await lab.pass(0.8 * HOUR_MS);
  const changes = lab.bus.log.slice(from).filter((name) => name === topics.desiredIndex('pi'));
  t.equal(changes.length, 1);
});

t.test('when the clock was wrong, tokens of the wrong hour are replaced within a minute', async (t) => {
  const { lab, issued } = await start(t);
  await addAccount(lab);
  await addPod(lab);
  await lab.pass(10);
  const { clock } = lab.cluster;
  const real = clock.now.bind(clock);
  clock.now = () => real() - 24 * HOUR_MS;
  await lab.pass(60_000);
  t.equal(issued.length, 2);
});

t.test(
  'an account made anew gives its pods new tokens, and one that is deleted takes them back',
  async (t) => {
    const { lab, issued } = await start(t);
    await addAccount(lab);
    await addPod(lab);
    await lab.pass(10);
    await lab.client.delete(serviceAccounts, 'default/default');
    await lab.pass(10);
    t.equal(tokensAt(lab), undefined);
    const again = await addAccount(lab);
    await lab.pass(10);
    t.equal(issued.at(-1)?.account.uid, again.metadata.uid);
    t.match(tokensAt(lab)?.[0], /^2 for/);
  },
);

t.test('a finished pod and one that is gone have no token, and wake nobody', async (t) => {
  const { lab, issued } = await start(t);
  await addAccount(lab);
  const pod = await addPod(lab);
  await lab.pass(10);
  lab.report('pi', pod, 'Succeeded');
  await lab.pass(10);
  t.equal(tokensAt(lab), undefined);
  await lab.pass(2 * HOUR_MS);
  t.equal(issued.length, 1);
  await lab.client.delete(pods, 'default/web', { gracePeriodSeconds: 0 });
  const namesake = await addPod(lab);
  await lab.pass(10);
  t.match(tokensAt(lab)?.[0], namesake.metadata.uid);
});
