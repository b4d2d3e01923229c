// /metrics of the master in Prometheus' text: who may read it, and that its figures are true.
import t from 'tap';
import { bootstrapRoles } from '../../src/apiserver/auth/bootstrap-policy.ts';
import type { LevelStore } from '../../src/store/level-store.ts';
import { certified } from '../support/access.ts';
import { startApiServer } from '../support/api-server.ts';

// The store is made with the server: by the first scrape it is there.
const made: { store?: LevelStore } = {};
const api = await startApiServer({ figures: [() => made.store?.metrics() ?? []] });
made.store = api.store;
t.teardown(() => api.stop());

function figureOf(text: string, line: string): number {
  const found = text.split('\n').find((each) => each.startsWith(`${line} `));
  return found === undefined ? Number.NaN : Number(found.slice(line.length + 1));
}

t.test('the text has requests, the store and the process', async (t) => {
  const { revision } = api.store;
  for (const name of ['a', 'b'])
    await api.ask('POST', '/api/v1/namespaces', { body: { metadata: { name } } });
  const { code, headers, text } = await api.ask('GET', '/metrics');
  t.equal(code, 200);
  t.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  const created = 'verb="CREATE",group="",version="v1",resource="namespaces",subresource="",scope="cluster"';
  t.equal(figureOf(text, `apiserver_request_total{${created},code="201"}`), 2);
  t.equal(figureOf(text, `apiserver_request_duration_seconds_count{${created}}`), 2);
  t.ok(figureOf(text, 'edge_store_revision') >= revision + 2);
  t.ok(figureOf(text, 'edge_store_commits_total') >= 2);
  t.equal(figureOf(text, 'apiserver_storage_objects{resource="namespaces"}'), 6);
  t.ok(figureOf(text, 'process_resident_memory_bytes') > 10_000_000);
  t.ok(figureOf(text, 'process_cpu_seconds_total') > 0);
  t.ok(Math.abs(figureOf(text, 'process_start_time_seconds') - Date.now() / 1000) < 600);
  const again = (await api.ask('GET', '/metrics')).text;
  t.equal(
    figureOf(again, `apiserver_request_total{${created},code="201"}`),
    2,
    'scraping counts nothing twice',
  );
});

t.test('it takes the right to the path, which members of system:monitoring have', async (t) => {
  t.ok(bootstrapRoles.some(({ name }) => name === 'system:monitoring'));
  const nobody = await certified(api, 'nobody');
  t.equal((await nobody('GET', '/metrics')).code, 403);
  const monitor = await certified(api, 'prometheus', 'system:monitoring');
  t.equal((await monitor('GET', '/metrics')).code, 200);
  t.equal((await monitor('POST', '/metrics')).code, 403);
  t.equal((await api.ask('POST', '/metrics')).code, 405);
  t.equal((await api.ask('GET', '/metrics/other')).code, 404);
});
