// The all-in-one goes through MQTT too: master and agent of one process, with only the session between them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { pods } from '../../src/api/kinds/pod.ts';
import type { Pod } from '../../src/api/objects.ts';
import { systemClock } from '../../src/base/clock.ts';
import { defaultClusterNetwork } from '../../src/base/cluster-network.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Agent } from '../../src/bin/agent/agent.ts';
import { demoImage, ensureDemoImage } from '../../src/bin/demo/demo-image.ts';
import { Master } from '../../src/bin/master.ts';
import { issueIdentity } from '../../src/bin/node-identity.ts';
import type { NewObject } from '../../src/client/client.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { runningContainers } from '../support/pods.ts';

const nodeName = 'solo';

const pod = (name: string): NewObject<Pod> => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: demoImage }] },
});

t.test('with the session closed no new pod starts; when it reopens they do', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'edge-cluster-test-'));
  t.teardown(() => rm(dataDir, { recursive: true, force: true }));
  await ensureDemoImage(dataDir);
  const common = { clock: systemClock, logger: silentLogger, network: defaultClusterNetwork };
  const [apiPort, mqttPort] = [await freePort(), await freePort()];
  const onFatal = (error: Error) => t.fail(error.message);
  const advertiseAddresses = ['127.0.0.1'];
  const master = new Master({
    ...common,
    dataDir,
    apiPort,
    mqttPort,
    inspectPort: 0,
    advertiseAddresses,
    onFatal,
  });
  await master.start();
  t.teardown(() => master.stop());
  const agentDir = join(dataDir, 'agent');
  const agent = new Agent({
    ...common,
    nodeName,
    master: new URL(`https://127.0.0.1:${apiPort}`),
    identity: await issueIdentity(agentDir, nodeName, master.authority, mqttPort),
    mqttPort,
    dataDir: agentDir,
    cleanOnStop: true,
  });
  await agent.start();
  t.teardown(() => agent.stop());
  const phase = async (name: string) => (await master.client.get(pods, `default/${name}`)).status?.phase;
  const containers = (name: string) => runningContainers(`name=${name}_default_main`);

  await master.client.create(pods, pod('before'));
  await eventually(async () => (await phase('before')) === 'Running', 30_000, 100);

  await agent.session.stop();
  await master.client.create(pods, pod('meanwhile'));
  const bind = () => master.client.bind('default/meanwhile', nodeName);
  await bind().catch((error: unknown) => t.comment('the scheduler was first', error));
  await new Promise((resolve) => setTimeout(resolve, 5000));
  t.equal(await phase('meanwhile'), 'Pending');
  t.same(await containers('meanwhile'), []);
  t.equal((await containers('before')).length, 1, 'what ran goes on');

  agent.session.reopen();
  await eventually(async () => (await phase('meanwhile')) === 'Running', 30_000, 100);
  t.equal((await containers('meanwhile')).length, 1);
});
