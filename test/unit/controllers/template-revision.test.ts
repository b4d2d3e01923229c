import t from 'tap';
import type { ControllerRevision, core } from '../../../src/api/objects.ts';
import { decideRevision, surplusRevisions } from '../../../src/controllers/revision-decision.ts';
import { revisionData, revisionHash, templateOf } from '../../../src/controllers/template-revision.ts';

const template: core.PodTemplateSpec = {
  metadata: { labels: { b: '2', a: '1' } },
  spec: { restartPolicy: 'Always', containers: [{ name: 'c', image: 'x:1' }] },
};

function revision(number: number, image = `x:${number}`): ControllerRevision {
  const data = revisionData({ ...template, spec: { containers: [{ name: 'c', image }] } });
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `r${number}`,
      uid: `u${number}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    data,
    revision: number,
  };
}

t.test('the data is what upstream writes, byte for byte', async (t) => {
  // Source: pkg/controller/daemon/update.go getPatch, as encoding/json writes a map and a PodTemplateSpec.
  t.equal(
    JSON.stringify(revisionData(template)),
    '{"spec":{"template":{"$patch":"replace","metadata":{"creationTimestamp":null,"labels":{"a":"1","b":"2"}},' +
      '"spec":{"containers":[{"image":"x:1","name":"c","resources":{}}],"restartPolicy":"Always"}}}}',
  );
});

t.test('the template comes back, and so does its hash', async (t) => {
  const data = revisionData(template);
  const back = templateOf({ ...revision(1), data });
  t.match(back, template);
  t.notOk('$patch' in back || 'creationTimestamp' in (back.metadata ?? {}));
  t.same(revisionData(back), data);
  t.equal(revisionHash(revisionData(back), 0), revisionHash(data, 0));
  t.throws(() => templateOf({ ...revision(1), data: { other: 1 } }), /keeps no pod template/);
});

t.test('the order of keys does not matter to a hash; a value and a collision do', async (t) => {
  const hash = (labels: Record<string, string>) =>
    revisionHash(revisionData({ ...template, metadata: { labels } }), 0);
  t.equal(hash({ a: '1', b: '2' }), hash({ b: '2', a: '1' }));
  t.not(hash({ a: '1' }), hash({ a: '2' }));
  t.not(revisionHash(revisionData(template), 0), revisionHash(revisionData(template), 1));
});

t.test('a template that was never there gets the next number, one that comes back the highest', async (t) => {
  const own = [revision(1), revision(2), revision(3)];
  t.match(decideRevision([], revision(1).data as never), { match: undefined, number: 1 });
  t.match(decideRevision(own, revision(9).data as never), { match: undefined, number: 4 });
  t.match(decideRevision(own, revision(3).data as never), { match: { revision: 3 }, number: 3 });
  t.match(decideRevision(own, revision(1).data as never), { match: { revision: 1 }, number: 4 });
});

t.test('only the oldest that nothing runs are surplus', async (t) => {
  const own = [3, 1, 4, 2].map((number) => revision(number));
  const numbers = (limit: number) =>
    surplusRevisions(own, ({ revision: n }) => n === 4 || n === 1, limit).map(({ revision: n }) => n);
  t.same(numbers(2), []);
  t.same(numbers(1), [2]);
  t.same(numbers(0), [2, 3]);
});
