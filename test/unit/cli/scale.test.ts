import t from 'tap';
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

t.test('a count that is none is refused', async (t) => {
  for (const replicas of ['x', '-1', '1.5', '']) {
    t.equal((await run(['scale', 'rc/web', `--replicas=${replicas}`])).exitCode, 1, replicas);
  }
});
