import t from 'tap';
import { notFound, StatusError } from '../../../src/api/status-error.ts';
import { run } from './run.ts';

const path = '/api/v1/namespaces/default/replicationcontrollers/web/scale';

t.test('replicas are set through the scale subresource', async (t) => {
  const { out, api } = await run(['scale', 'rc', 'web', '--replicas=3'], { [`PATCH ${path}`]: {} });
  t.equal(out, 'replicationcontroller/web scaled\n');
  t.match(api.requests.at(-1), {
    body: { spec: { replicas: 3 } },
    contentType: 'application/merge-patch+json',
  });
});

t.test('an expectation that does not hold changes nothing', async (t) => {
  const scale = { metadata: { resourceVersion: '7' }, spec: { replicas: 2 } };
  const answers = { [`GET ${path}`]: scale, [`PUT ${path}`]: {} };
  const wrong = await run(['scale', 'rc/web', '--replicas=3', '--current-replicas=5'], answers);
  t.match(wrong.err, /expected replicas to be 5, was 2/);
  t.same([wrong.exitCode, wrong.api.asked], [1, [`GET ${path}`]]);
  const right = await run(['scale', 'rc/web', '--replicas=3', '--current-replicas=2'], answers);
  t.match(right.api.requests.at(-1)?.body, { metadata: { resourceVersion: '7' }, spec: { replicas: 3 } });
});

t.test('a kind without replicas is told as such, a missing object as missing', async (t) => {
  const unknown = new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
  const services = '/api/v1/namespaces/default/services/web/scale';
  const { err, exitCode } = await run(['scale', 'svc', 'web', '--replicas=2'], {
    [`PATCH ${services}`]: unknown,
  });
  t.same([err, exitCode], ['error: services have no replicas: scale such as an rc\n', 1]);
  const absent = notFound({ group: '', kind: 'replicationcontrollers', name: 'web' });
  const missing = await run(['scale', 'rc', 'web', '--replicas=2'], { [`PATCH ${path}`]: absent });
  t.match(missing.err, /^error: replicationcontrollers "web" not found/);
});

t.test('a count that is none is refused', async (t) => {
  for (const replicas of ['x', '-1', '1.5', '']) {
    t.equal((await run(['scale', 'rc/web', `--replicas=${replicas}`])).exitCode, 1, replicas);
  }
});
