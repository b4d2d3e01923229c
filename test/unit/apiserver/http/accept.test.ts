import t from 'tap';
import { formOf, prefersYaml, streamFormOf } from '../../../../src/apiserver/http/accept.ts';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

t.test('JSON is given to all who take it beside what they like better', async (t) => {
  for (const accept of [
    '',
    '*/*',
    `${PROTOBUF}, */*`,
    `${PROTOBUF},application/json`,
    'application/cbor,application/json',
  ]) {
    t.same(formOf(accept), { as: 'object' }, accept);
    t.equal(prefersYaml(accept), false, accept);
  }
  t.throws(() => formOf(PROTOBUF), { code: 406, reason: 'NotAcceptable' });
});

t.test('YAML is written for whoever names it first', async (t) => {
  const cases: [string, boolean][] = [
    ['application/yaml', true],
    ['application/yaml, application/json', true],
    ['application/json, application/yaml', false],
    ['application/json;q=0.5, application/yaml;q=0.9', true],
    [`${PROTOBUF}, application/yaml`, true],
    ['application/yaml;as=Table;v=v1;g=meta.k8s.io', true],
    ['application/yaml;as=Table;v=v9;g=meta.k8s.io, application/json', false],
  ];
  for (const [accept, wanted] of cases) t.equal(prefersYaml(accept), wanted, accept);
});

t.test('a watch is told in JSON, or not at all', async (t) => {
  t.same(streamFormOf('application/yaml, application/json'), { as: 'object' });
  t.throws(() => streamFormOf('application/yaml'), { code: 406 });
});

t.test('a watch that stands for a list gives no rows', async (t) => {
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  t.equal(streamFormOf(`${table},application/json`).as, 'Table');
  t.same(streamFormOf(`${table},application/json`, true), { as: 'object' });
  t.throws(() => streamFormOf(table, true), { code: 406 });
  const metadata = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
  t.equal(streamFormOf(metadata, true).as, 'PartialObjectMetadata');
});
