// nodes/NAME/proxy: a board answers HTTP about itself over the stream that it dials back.
import t from 'tap';
import { boardDocuments } from '../../src/kubelet/board-documents.ts';
import { ContainerMeter } from '../../src/kubelet/metrics/container-meter.ts';
import { bind, certified } from '../support/access.ts';
import { startStreamsLab } from '../support/streams-lab.ts';

const meter = new ContainerMeter();
const lab = await startStreamsLab({
  documents: boardDocuments({
    nodeName: 'board-a',
    read: () => {
      const own = { id: 'x', pid: process.pid, podKey: 'n/p', podUid: 'u', containerName: 'c' };
      return meter.read([{ ...own, startedAt: undefined }]);
    },
    pods: () => [],
  }),
});
const { api } = lab;
t.teardown(() => lab.stop());
for (const name of ['board-a', 'board-b'])
  await api.ask('POST', '/api/v1/nodes', { body: { metadata: { name } } });
const proxied = (path: string, node = 'board-a') => `/api/v1/nodes/${node}/proxy${path}`;

t.test('the board’s figures come through the API server, of real counters', async (t) => {
  const { code, headers, text } = await api.ask('GET', proxied('/metrics/resource'));
  t.equal(code, 200);
  t.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  t.ok(Number(/^node_cpu_usage_seconds_total (\S+)$/m.exec(text)?.[1]) > 0);
  t.match(text, /^container_cpu_usage_seconds_total\{container="c",namespace="n",pod="p"\} \d/m);
  t.match((await api.ask('GET', proxied('/metrics'))).text, /^kubelet_running_containers/m);
});

t.test('health, pods, the port of upstream’s kubelet, and what is not there', async (t) => {
  t.match(await api.ask('GET', proxied('/healthz')), { code: 200, text: 'ok' });
  t.match(await api.ask('GET', proxied('/healthz', 'board-a:10250')), { code: 200, text: 'ok' });
  t.match(await api.ask('GET', proxied('/healthz', 'https:board-a:10250')), { code: 200 });
  t.match(await api.ask('GET', proxied('/pods')), { code: 200, json: { kind: 'PodList', items: [] } });
  t.equal((await api.ask('GET', proxied('/nothing'))).code, 404);
  t.equal((await api.ask('POST', proxied('/healthz'), { body: 'x' })).code, 405);
  t.equal((await api.ask('HEAD', proxied('/healthz'))).code, 200);
  t.equal((await api.ask('GET', proxied('/healthz', 'board-a:22'))).code, 400);
  t.match(await api.ask('GET', proxied('/healthz', 'nobody')), { code: 404, json: { reason: 'NotFound' } });
});

t.test('it takes the right to nodes/proxy, which boards have not', async (t) => {
  const prometheus = await certified(api, 'prometheus');
  t.equal((await prometheus('GET', proxied('/metrics'))).code, 403);
  await bind(api, 'system:kubelet-api-admin', { kind: 'User', name: 'prometheus' });
  t.equal((await prometheus('GET', proxied('/metrics'))).code, 200);
  const board = await certified(api, 'system:node:board-a', 'system:nodes');
  t.equal((await board('GET', proxied('/metrics'))).code, 403);
});

t.test('a hundred scrapes at once are all answered', async (t) => {
  const answers = await Promise.all(Array.from({ length: 100 }, () => api.ask('GET', proxied('/healthz'))));
  t.ok(answers.every(({ code, text }) => code === 200 && text === 'ok'));
});
