// The real kubectl's rollout history and undo over the revisions that DaemonSets and StatefulSets keep: it reads
// their data and compares it byte for byte with what it would have written itself.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { DaemonSetController } from '../../src/controllers/daemon-set.ts';
import { StatefulSetController } from '../../src/controllers/stateful-set.ts';
import { renderKubeconfig } from '../../src/pki/kubeconfig.ts';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';
import { runKubectl } from '../support/kubectl.ts';
import { EventLog } from '../support/memory-cluster.ts';

const KUBECTL = '/usr/bin/kubectl';
const options = { skip: existsSync(KUBECTL) ? false : `${KUBECTL} is not on this machine` };

const api = await startApiServer();
const { client } = api.server;
const shared = { client, clock: systemClock, logger: silentLogger };
const informers = new InformerFactory(shared);
const controllerOptions = { ...shared, informers, recorder: new EventLog() };
const controllers = [
  new DaemonSetController(controllerOptions),
  new StatefulSetController(controllerOptions),
];
await informers.start();
for (const controller of controllers) await controller.start();
t.teardown(async () => {
  for (const controller of controllers) await controller.stop();
  await informers.stop();
  await api.stop();
});
const home = t.testdir({});
const kubeconfig = renderKubeconfig({
  server: api.url,
  authorityPem: api.authority.certificatePem,
  client: api.admin,
});
await writeFile(join(home, 'config'), kubeconfig);

async function kubectl(line: string, input = '') {
  const { code, out, err } = await runKubectl(KUBECTL, home, line.split(' '), input);
  return { code, out: out.toString(), err };
}

const manifest = (kind: string) => `
apiVersion: apps/v1
kind: ${kind}
metadata: { name: web }
spec:
  ${kind === 'StatefulSet' ? 'serviceName: web' : ''}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
      - { name: c, image: "web:1", ports: [{ containerPort: 80 }], env: [{ name: A, value: b }] }
      volumes:
      - { name: scratch, emptyDir: {} }
`;

for (const kind of ['DaemonSet', 'StatefulSet']) {
  const name = `${kind.toLowerCase()}/web`;
  const history = async () => {
    const { out } = await kubectl(`rollout history ${name}`);
    return [...out.matchAll(/^(\d+) /gm)].map(([, number]) => Number(number));
  };
  const image = async () => {
    const path = '{.spec.template.spec.containers[0].image}';
    return (await kubectl(`get ${name} -o jsonpath=${path}`)).out;
  };

  t.test(`kubectl shows the history of a ${kind} and puts an older one back`, options, async (t) => {
    t.match(await kubectl('apply -f -', manifest(kind)), { code: 0 });
    await eventually(async () => (await history()).join() === '1');
    t.match(await kubectl(`set image ${name} c=web:2`), { code: 0 });
    await eventually(async () => (await history()).join() === '1,2');
    t.match(await kubectl(`rollout history ${name} --revision=1`), { out: /Image:\s+web:1/ });
    t.match(await kubectl(`rollout undo ${name}`), { code: 0, out: /rolled back/ });
    t.equal(await image(), 'web:1');
    await eventually(async () => (await history()).join() === '2,3');
    t.match(await kubectl(`rollout undo ${name} --to-revision=3`), {
      code: 0,
      out: /skipped rollback \(current template already matches revision 3\)/,
    });
  });
}
