import t from 'tap';
import { decodingError, strictDecodingError } from '../../../../src/api/schema/decoding-errors.ts';
import { loadSchema } from '../../../../src/api/schema/load-schema.ts';
import { parseJson } from '../../../../src/api/schema/parse-json.ts';
import { StatusError } from '../../../../src/api/status-error.ts';

const schema = await loadSchema();
const pod = { group: '', version: 'v1', kind: 'Pod' };
const secret = { group: '', version: 'v1', kind: 'Secret' };
const event = { group: '', version: 'v1', kind: 'Event' };
const service = { group: '', version: 'v1', kind: 'Service' };

const container = (fields: object) => ({ spec: { containers: [{ name: 'a', ...fields }] } });

t.test('unknown fields are named with their path, as upstream names them', async (t) => {
  const { unknownFields, typeErrors, value } = schema.check(pod, {
    ...container({ foo: { deep: 1 }, livenessProbe: { httpGet: { port: 80, bar: 2 } } }),
    toString: 'x',
  });
  t.same(unknownFields, [
    'unknown field "spec.containers[0].foo"',
    'unknown field "spec.containers[0].livenessProbe.httpGet.bar"',
    'unknown field "toString"',
  ]);
  t.same(typeErrors, []);
  t.same(value, container({ livenessProbe: { httpGet: { port: 80 } } }));
});

t.test('names of fields are case-sensitive', async (t) => {
  t.same(schema.check(pod, { Spec: {} }).unknownFields, ['unknown field "Spec"']);
});

t.test('a wrong type is told in the words of a Go struct', async (t) => {
  const cases: [unknown, string][] = [
    [
      { spec: { containers: 'x' } },
      'json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      { spec: { containers: ['x'] } },
      'json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type v1.Container',
    ],
    [
      { metadata: { labels: { a: 1 } } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      container({ ports: [{ containerPort: 80.5 }] }),
      'json: cannot unmarshal number 80.5 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
    ],
    [
      container({ ports: [{ containerPort: 4294967296 }] }),
      'json: cannot unmarshal number 4294967296 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
    ],
    [{ spec: [] }, 'json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec'],
    [
      { spec: { hostNetwork: 'true' } },
      'json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool',
    ],
    [
      { spec: { nodeSelector: true } },
      'json: cannot unmarshal bool into Go struct field PodSpec.spec.nodeSelector of type map[string]string',
    ],
  ];
  for (const [value, error] of cases) t.same(schema.check(pod, value).typeErrors, [error]);
});

t.test('integers are whole and within their range', async (t) => {
  const errorsOf = (containerPort: number) =>
    schema.check(pod, container({ ports: [{ containerPort }] })).typeErrors.length;
  t.same([2 ** 31 - 1, -(2 ** 31), 2 ** 31, -(2 ** 31) - 1, 1.5, 1e300].map(errorsOf), [0, 0, 1, 1, 1, 1]);
  const seconds = (text: string) =>
    schema.check(pod, parseJson(`{"spec":{"activeDeadlineSeconds":${text}}}`).value).typeErrors;
  t.same(seconds('9007199254740991'), []);
  t.match(seconds('9007199254740993'), [/spec\.activeDeadlineSeconds: .* beyond/]);
  t.equal(seconds('9.5').length, 1);
});

t.test('nulls vanish as fields and become zero values as items', async (t) => {
  const { value } = schema.check(pod, {
    metadata: { creationTimestamp: null, labels: { a: null } },
    spec: { containers: [null], volumes: null, hostAliases: [{ ip: '10.0.0.1', hostnames: [null] }] },
  });
  t.same(value, {
    metadata: { labels: { a: '' } },
    spec: { containers: [{}], hostAliases: [{ ip: '10.0.0.1', hostnames: [''] }] },
  });
});

t.test('undefined is absent, as in JSON', async (t) => {
  const given = { metadata: { name: undefined, labels: { a: undefined, b: 'c' } }, noSuchField: undefined };
  const expected = { unknownFields: [], typeErrors: [], value: { metadata: { labels: { b: 'c' } } } };
  t.same(schema.check(pod, given), expected);
});

t.test('quantities are numbers or strings and come back in canonical form', async (t) => {
  const limits = { cpu: 0.5, memory: '1024Ki', 'example.com/x': '1000m', storage: 2 };
  const { typeErrors, value } = schema.check(pod, container({ resources: { limits } }));
  t.same(typeErrors, []);
  t.match(
    value,
    container({ resources: { limits: { cpu: '500m', memory: '1Mi', 'example.com/x': '1', storage: '2' } } }),
  );
  t.match(schema.check(pod, container({ resources: { limits: { cpu: '1 core' } } })).typeErrors, [
    /^spec\.containers\[0\]\.resources\.limits\.cpu: quantities must match .*1 core/,
  ]);
});

t.test('a port is a number or a name', async (t) => {
  const errorsOf = (targetPort: unknown) =>
    schema.check(service, { spec: { ports: [{ port: 1, targetPort }] } }).typeErrors.length;
  t.same([80, 'http', true, 1.5, [80]].map(errorsOf), [0, 0, 1, 1, 1]);
});

t.test('bytes are base64, told apart to the byte', async (t) => {
  const check = (text: unknown) => schema.check(secret, { data: { key: text } });
  for (const text of ['', 'aGk=', 'aA==', 'aGkh']) t.same(check(text).value, { data: { key: text } });
  t.same(check('aGkh\naGk=\n').value, { data: { key: 'aGkhaGk=' } }, 'line breaks are dropped');
  t.same(check('aGl=').value, { data: { key: 'aGk=' } }, 'bits behind the end are cleared');
  t.same(check('aG!h').typeErrors, ['data.key: illegal base64 data at input byte 2']);
  for (const text of ['a', 'aGk', 'aGk==', '====', 'aGk=aGkh', 'aGk-', ' aGk=']) {
    t.match(check(text).typeErrors, [/illegal base64 data/], text);
  }
  t.equal(check(1).typeErrors.length, 1);
});

t.test('times come back in UTC, in whole seconds or with six decimals', async (t) => {
  const { value, typeErrors } = schema.check(event, {
    firstTimestamp: '2026-03-01T01:30:00.999+01:30',
    eventTime: '2026-03-01T00:00:00.5Z',
  });
  t.same(typeErrors, []);
  t.same(value, { firstTimestamp: '2026-03-01T00:00:00Z', eventTime: '2026-03-01T00:00:00.500000Z' });
  for (const text of ['2026-02-30T00:00:00Z', '2026-01-01', '2026-01-01T24:00:00Z', 'now', '']) {
    t.match(
      schema.check(event, { firstTimestamp: text }).typeErrors,
      [/^firstTimestamp: parsing time/],
      text,
    );
  }
});

t.test('what it returns shares nothing with what it was given', async (t) => {
  const given = { metadata: { labels: { a: 'b' }, managedFields: [{ fieldsV1: { 'f:a': {} } }] } };
  const { value } = schema.check(pod, given);
  given.metadata.labels.a = 'changed';
  given.metadata.managedFields[0]!.fieldsV1['f:a'] = { changed: true };
  t.same(value, { metadata: { labels: { a: 'b' }, managedFields: [{ fieldsV1: { 'f:a': {} } }] } });
});

t.test('__proto__ is refused wherever keys are free and unknown elsewhere', async (t) => {
  const text =
    '{"__proto__":{"x":1},"metadata":{"annotations":{"__proto__":"x"},"managedFields":[{"fieldsV1":{"__proto__":{"y":1}}}]}}';
  const { unknownFields, typeErrors, value } = schema.check(pod, parseJson(text).value);
  t.same(unknownFields, ['unknown field "__proto__"']);
  t.match(typeErrors, [
    /^metadata\.annotations\.__proto__: /,
    /^metadata\.managedFields\[0\]\.fieldsV1\.__proto__: /,
  ]);
  t.notOk(JSON.stringify(value).includes('__proto__'));
  t.equal(Object.getPrototypeOf(value), Object.prototype);
});

t.test('hostile depth is one StatusError, not a stack overflow', async (t) => {
  let deep: unknown = {};
  for (let level = 0; level < 10_000; level++) deep = { a: deep };
  const bad = { code: 400, reason: 'BadRequest' };
  t.throws(() => schema.check(pod, { metadata: { managedFields: [{ fieldsV1: deep }] } }), bad);
  t.same(schema.check(pod, { unknown: deep }).unknownFields, ['unknown field "unknown"']);
});

t.test('lists of errors and their texts are bounded', async (t) => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`field${index}`, 1]));
  t.equal(schema.check(pod, many).unknownFields.length, 100);
  const [text] = schema.check(pod, { ['x'.repeat(1_000_000)]: 1 }).unknownFields;
  t.ok(text!.length < 1100);
});

t.test('a value that is no object, or a kind that is not there, is a 400', async (t) => {
  for (const value of [[], 'x', null, undefined, 1]) {
    t.throws(() => schema.check(pod, value), { code: 400, message: /into Go value of type v1\.Pod/ });
  }
  const unknown = { group: 'apps', version: 'v9', kind: 'Gadget' };
  t.equal(schema.has(unknown), false);
  t.equal(schema.has({ group: '', version: '', kind: 'toString' }), false);
  t.throws(() => schema.check(unknown, {}), { code: 400, message: /"Gadget".*"apps\/v9"/ });
});

t.test('decoding errors are upstream’s Status', async (t) => {
  const error = decodingError(pod, ['json: cannot unmarshal x']);
  t.type(error, StatusError);
  t.match(error.toStatus(), {
    code: 400,
    reason: 'BadRequest',
    message: 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal x',
  });
  const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
  t.equal(
    strictDecodingError(scale, ['unknown field "a"', 'duplicate field "b"']).message,
    'Scale in version "autoscaling/v1" cannot be handled as a Scale: strict decoding error: unknown field "a", duplicate field "b"',
  );
});
