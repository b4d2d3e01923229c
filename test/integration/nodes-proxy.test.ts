// nodes/NAME/proxy: a board answers HTTP about itself over the stream that it dials back.
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Pod } from '../../src/api/objects.ts';
import { boardPods } from '../../src/bin/agent/board-pods.ts';
import { boardDocuments } from '../../src/kubelet/board-documents.ts';
import { ContainerMeter } from '../../src/kubelet/metrics/container-meter.ts';
import type { RuntimeContainer } from '../../src/kubelet/runtime/runtime.ts';
import { bind, certified } from '../support/access.ts';
import { startStreamsLab } from '../support/streams-lab.ts';

const meter = new ContainerMeter();
const pod = { metadata: { namespace: 'n', name: 'p', uid: 'u' }, spec: { containers: [] } } as unknown as Pod;
const pause = { podKey: 'n/p', podUid: 'u', pid: process.pid, ip: '10.40.0.9' } as RuntimeContainer;
const main = { ...pause, containerName: 'c', image: 'example.com/c:1', ip: undefined };
const logFolder = t.testdir({ logs: {}, outside: { secret: 'x' } });
const lab = await startStreamsLab({
  documents: boardDocuments({
    nodeName: 'board-a',
    read: () => {
      const own = { id: 'x', pid: process.pid, podKey: 'n/p', podUid: 'u', containerName: 'c' };
      return meter.read([{ ...own, startedAt: undefined }]);
    },
    pods: () => boardPods([pod], [{ key: 'n/p', uid: 'u', status: { phase: 'Running' }, terminated: false }]),
    running: () => [pause, main],
    load: () => undefined,
    config: () => ({ maxPods: 250 }),
    logFolder: join(logFolder, 'logs'),
    checks: { good: async () => undefined, bad: async () => 'it is silent' },
    nowMs: () => Date.now(),
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
  const items = [{ metadata: { name: 'p' }, status: { phase: 'Running' } }];
  t.match(await api.ask('GET', proxied('/pods')), { code: 200, json: { kind: 'PodList', items } });
  t.match(await api.ask('GET', proxied('/healthz/good')), { code: 200, text: 'ok' });
  t.match(await api.ask('GET', proxied('/healthz/bad')), { code: 500, text: 'bad: it is silent' });
  for (const path of ['/nothing', '/healthz/nothing', '/healthz/toString'])
    t.equal((await api.ask('GET', proxied(path))).code, 404, path);
  t.equal((await api.ask('POST', proxied('/healthz'), { body: 'x' })).code, 405);
  t.equal((await api.ask('HEAD', proxied('/healthz'))).code, 200);
  t.equal((await api.ask('GET', proxied('/healthz', 'board-a:22'))).code, 400);
  t.match(await api.ask('GET', proxied('/healthz', 'nobody')), { code: 404, json: { reason: 'NotFound' } });
});

t.test(
  'what runs, what it uses and how the board is set up are told as upstream’s kubelet does',
  async (t) => {
    const { json } = await api.ask('GET', proxied('/stats/summary'));
    t.equal(json.node.nodeName, 'board-a');
    t.ok(json.node.cpu.usageCoreNanoSeconds > 0);
    t.ok(Date.parse(json.node.startTime) < Date.now());
    const [stats] = json.pods;
    t.match(stats, { podRef: { namespace: 'n', name: 'p', uid: 'u' }, containers: [{ name: 'c' }] });
    t.ok(stats.containers[0].memory.workingSetBytes > 0);
    const running = await api.ask('GET', proxied('/runningpods/'));
    t.match(running.json.items, [
      { metadata: { name: 'p', uid: 'u' }, spec: { containers: [{ name: 'c', image: 'example.com/c:1' }] } },
    ]);
    t.same((await api.ask('GET', proxied('/configz'))).json, { kubeletconfig: { maxPods: 250 } });
  },
);

t.test('the board’s own logs are listed and read, and nothing outside of their folder', async (t) => {
  const at = (name: string) => join(logFolder, 'logs', name);
  const large = 'one line of a log, as long as others\n'.repeat(100_000);
  await mkdir(at('journal'));
  await writeFile(at('syslog'), large);
  await writeFile(at('journal/a&b: <c>'), 'odd');
  await writeFile(at('empty'), '');
  await writeFile(at('wtmp'), Buffer.from([1, 0, 2]));
  await symlink('../outside/secret', at('out'));
  await symlink('../outside', at('away'));
  await symlink('syslog', at('link'));
  await symlink('circle', at('circle'));
  execFileSync('mkfifo', [at('pipe')]);
  const ask = (path: string) => api.ask('GET', proxied(path));

  const list = await ask('/logs/');
  t.equal(list.code, 200);
  t.match(list.headers['content-type'], 'text/html');
  t.match(list.text, /<a href="[^"]*journal\/">journal\/<\/a>\n[\s\S]*<a href="[^"]*syslog">syslog<\/a>/);
  t.match((await ask('/logs/journal/')).text, /href="[^"]*a%26b%3A%20%3Cc%3E">a&amp;b: &lt;c&gt;</);
  t.match(await ask('/logs/journal/a%26b%3A%20%3Cc%3E'), { code: 200, text: 'odd' });
  t.match(await ask('/logs/syslog'), { code: 200, text: large });
  t.match(await ask('/logs/link'), { code: 200, text: large });
  t.match(await ask('/logs/empty'), { code: 200, text: '' });
  t.match((await ask('/logs/wtmp')).headers, { 'content-type': 'application/octet-stream' });
  t.equal((await api.ask('HEAD', proxied('/logs/syslog'))).code, 200);
  for (const path of ['/logs', '/logs/journal']) {
    const { code, headers } = await ask(path);
    t.equal(code, 301, path);
    t.match(headers.location, new RegExp(`${path.slice(1)}/$|^${path.split('/').at(-1)}/$`));
  }
  const none = [
    'none',
    'out',
    'away/',
    'away/secret',
    'circle',
    'pipe',
    'syslog/x',
    '..%2foutside%2fsecret',
    '%00',
  ];
  for (const name of none) t.equal((await ask(`/logs/${name}`)).code, 404, name);
});

t.test('a pod of another life keeps no status of its namesake, and static pods are there too', async (t) => {
  const report = { key: 'n/p', uid: 'other', status: { phase: 'Failed' }, terminated: true };
  const mirror = { metadata: { namespace: 'n', name: 'static', uid: 's' } } as Pod;
  const own = { key: 'n/static', uid: 's', status: { phase: 'Running' }, terminated: false, mirror };
  t.same(boardPods([pod], [report, own]), [pod, { ...mirror, status: { phase: 'Running' } }]);
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
