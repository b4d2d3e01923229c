// What the API server makes of bad input: one clear Status each, nothing stored, and it lives on.
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import t, { type Test } from 'tap';
import { type AskOptions, startApiServer } from '../support/api-server.ts';

const api = await startApiServer();
t.teardown(() => api.stop());

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const RCS = '/api/v1/namespaces/default/replicationcontrollers';
const configMap = (name: string, rest: object = {}) => ({ metadata: { name }, ...rest });
const json = { 'content-type': 'application/json' };

async function refused(
  t: Test,
  path: string,
  options: AskOptions,
  code: number,
  reason: string,
  method = 'POST',
) {
  const before = api.store.revision;
  const answer = await api.ask(method, path, options);
  const shown = { code: answer.code, status: answer.json?.status, reason: answer.json?.reason };
  t.same(shown, { code, status: 'Failure', reason }, `${method} ${path} gives ${code} ${reason}`);
  t.equal(answer.json?.kind, 'Status');
  t.equal(answer.json?.code, code);
  t.equal(api.store.revision, before, 'nothing is stored');
  return answer.json;
}

t.test('malformed JSON, YAML and UTF-8 are 400', async (t) => {
  await refused(t, CONFIG_MAPS, { body: '{"metadata":', headers: json }, 400, 'BadRequest');
  const yaml = { 'content-type': 'application/yaml' };
  await refused(t, CONFIG_MAPS, { body: 'metadata: {name: [', headers: yaml }, 400, 'BadRequest');
  await refused(t, CONFIG_MAPS, { body: 'a: 1\n---\nb: 2\n', headers: yaml }, 400, 'BadRequest');
  await refused(
    t,
    CONFIG_MAPS,
    { body: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), headers: json },
    400,
    'BadRequest',
  );
  await refused(t, CONFIG_MAPS, { body: '', headers: json }, 400, 'BadRequest');
  await refused(t, CONFIG_MAPS, { body: '[1,2]', headers: json }, 400, 'BadRequest');
  const made = await api.ask('POST', CONFIG_MAPS, {
    body: 'metadata: {name: from-yaml}\ndata: {a: "1"}',
    headers: yaml,
  });
  t.equal(made.code, 201);
  t.same(made.json.data, { a: '1' });
});

t.test('nesting ten thousand deep is 400, in JSON and YAML', async (t) => {
  const deep = `{"metadata":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`;
  await refused(t, CONFIG_MAPS, { body: deep, headers: json }, 400, 'BadRequest');
  const yaml = { 'content-type': 'application/yaml' };
  await refused(t, CONFIG_MAPS, { body: `a: ${'['.repeat(10_000)}`, headers: yaml }, 400, 'BadRequest');
  const patch = { 'content-type': 'application/merge-patch+json' };
  await refused(t, `${CONFIG_MAPS}/from-yaml`, { body: deep, headers: patch }, 400, 'BadRequest', 'PATCH');
});

t.test('aliases that blow up are refused', async (t) => {
  const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
  for (let i = 1; i < 10; i++)
    lines.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(',')}]`,
    );
  const headers = { 'content-type': 'application/yaml' };
  await refused(t, CONFIG_MAPS, { body: lines.join('\n'), headers }, 400, 'BadRequest');
});

t.test('an object of 4 MB is 413, announced or not, and the client sees it', async (t) => {
  const body = JSON.stringify(configMap('big', { data: { a: 'x'.repeat(4_000_000) } }));
  await refused(t, CONFIG_MAPS, { body, headers: json }, 413, 'RequestEntityTooLarge');
  const chunked = { ...json, 'transfer-encoding': 'chunked' };
  await refused(t, CONFIG_MAPS, { body, headers: chunked }, 413, 'RequestEntityTooLarge');
});

t.test('a large body is read away before its refusal ends the connection', { timeout: 20_000 }, async (t) => {
  const { admin, authority, server } = api;
  const identity = { cert: admin.certificatePem, key: admin.keyPem };
  const socket = connectTls({
    port: server.port,
    host: '127.0.0.1',
    ca: authority.certificatePem,
    ...identity,
  });
  const errors: Error[] = [];
  socket.on('error', (error) => errors.push(error));
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  const half = Buffer.alloc(2_000_000, 'a');
  const head = [`POST ${CONFIG_MAPS} HTTP/1.1`, 'Host: x', 'Connection: close', 'Content-Length: 4000000'];
  socket.write(`${[...head, 'Content-Type: application/json'].join('\r\n')}\r\n\r\n`);
  await new Promise((resolve) => socket.write(half, resolve));
  // Two answers to others: by then the server has met the announced length.
  for (let round = 0; round < 2; round++) await api.ask('GET', '/readyz');
  socket.write(half);
  await new Promise((resolve) => socket.once('close', resolve));
  t.match(text, /^HTTP\/1\.1 413 /);
  t.same(errors, []);
});

t.test('an object without a name is told as one with an empty name', async (t) => {
  const { message } = await refused(t, CONFIG_MAPS, { body: {} }, 422, 'Invalid');
  t.match(message, /^ConfigMap "" is invalid: metadata.name: Required value/);
});

t.test('a subresource that a kind does not have is no object that is missing', async (t) => {
  const path = '/api/v1/namespaces/default/services/kubernetes/scale';
  const { message } = await refused(t, path, {}, 404, 'NotFound', 'GET');
  t.equal(message, 'the server could not find the requested resource');
});

t.test('unknown kinds are 404, unknown types 415, unknown methods 405', async (t) => {
  const unknown = await refused(t, '/api/v1/namespaces/default/widgets', { body: {} }, 404, 'NotFound');
  t.equal(unknown.message, 'the server could not find the requested resource');
  await refused(t, '/apis/apps/v1/namespaces/default/sprockets', { body: {} }, 404, 'NotFound');
  const headers = { 'content-type': 'application/cbor' };
  await refused(t, CONFIG_MAPS, { body: 'k8s', headers }, 415, 'UnsupportedMediaType');
  await refused(
    t,
    `${CONFIG_MAPS}/from-yaml`,
    { body: '{}', headers: json },
    415,
    'UnsupportedMediaType',
    'PATCH',
  );
  await refused(t, CONFIG_MAPS, {}, 405, 'MethodNotAllowed', 'PUT');
  t.equal((await api.ask('GET', '/nowhere')).code, 404);
});

t.test(
  'unknown and duplicate fields: 400 when strict, a warning otherwise, silence when asked',
  async (t) => {
    const body = '{"metadata":{"name":"fields"},"data":{"a":"1","a":"2"},"foo":1}';
    const strict = await refused(
      t,
      `${CONFIG_MAPS}?fieldValidation=Strict`,
      { body, headers: json },
      400,
      'BadRequest',
    );
    t.match(strict.message, /strict decoding error: unknown field "foo", duplicate field "data.a"/);
    const warned = await api.ask('POST', CONFIG_MAPS, { body, headers: json });
    t.equal(warned.code, 201);
    t.equal(warned.headers.warning, '299 - "unknown field \\"foo\\"", 299 - "duplicate field \\"data.a\\""');
    t.notOk('foo' in warned.json);
    const ignored = await api.ask('PUT', `${CONFIG_MAPS}/fields?fieldValidation=Ignore`, {
      body,
      headers: json,
    });
    t.equal(ignored.headers.warning, undefined);
    const patch = { body: '{"foo":1}', headers: { 'content-type': 'application/merge-patch+json' } };
    await refused(t, `${CONFIG_MAPS}/fields?fieldValidation=Strict`, patch, 400, 'BadRequest', 'PATCH');
    const patched = await api.ask('PATCH', `${CONFIG_MAPS}/fields`, patch);
    t.equal(patched.headers.warning, '299 - "unknown field \\"foo\\""');
    await refused(t, `${CONFIG_MAPS}?fieldValidation=Maybe`, { body: configMap('x') }, 422, 'Invalid');
  },
);

t.test('wrong types are 400 and name the field', async (t) => {
  const rc = { metadata: { name: 'rc' }, spec: { replicas: 'two', template: {} } };
  const status = await refused(t, RCS, { body: rc }, 400, 'BadRequest');
  t.match(status.message, /cannot unmarshal string .*spec\.replicas/);
});

t.test('invalid names and objects are 422 with causes', async (t) => {
  const status = await refused(t, CONFIG_MAPS, { body: configMap('Bad_Name') }, 422, 'Invalid');
  t.equal(status.details.kind, 'ConfigMap');
  t.match(status.details.causes[0], { reason: 'FieldValueInvalid', field: 'metadata.name' });
  await refused(t, CONFIG_MAPS, { body: { metadata: {} } }, 422, 'Invalid');
  const rc = await refused(t, RCS, { body: { metadata: { name: 'rc' }, spec: {} } }, 422, 'Invalid');
  t.ok(rc.details.causes.length > 0);
});

t.test('what contradicts the URL is 400', async (t) => {
  const other = { metadata: { name: 'a', namespace: 'other' } };
  await refused(t, CONFIG_MAPS, { body: other }, 400, 'BadRequest');
  await refused(
    t,
    CONFIG_MAPS,
    { body: { kind: 'Pod', apiVersion: 'v1', ...configMap('a') } },
    400,
    'BadRequest',
  );
  await refused(t, CONFIG_MAPS, { body: { apiVersion: 'apps/v1', ...configMap('a') } }, 400, 'BadRequest');
  await refused(t, `${CONFIG_MAPS}/from-yaml`, { body: configMap('another') }, 400, 'BadRequest', 'PUT');
  const set = { metadata: { name: 'a', resourceVersion: '1' } };
  await refused(t, CONFIG_MAPS, { body: set }, 400, 'BadRequest');
  await refused(t, `${CONFIG_MAPS}/%zz`, {}, 400, 'BadRequest', 'GET');
});

t.test('a stale resourceVersion is 409 and the stored object stays', async (t) => {
  const path = `${CONFIG_MAPS}/from-yaml`;
  const { json: current } = await api.ask('GET', path);
  const stale = { ...current, data: { a: 'stale' }, metadata: { ...current.metadata, resourceVersion: '1' } };
  const status = await refused(t, path, { body: stale }, 409, 'Conflict', 'PUT');
  t.match(status.message, /the object has been modified/);
  t.same((await api.ask('GET', path)).json, current);
});

t.test('what exists is 409, what does not is 404, a namespace that is not there too', async (t) => {
  const exists = await refused(t, CONFIG_MAPS, { body: configMap('from-yaml') }, 409, 'AlreadyExists');
  t.equal(exists.message, 'configmaps "from-yaml" already exists');
  const missing = await refused(t, `${CONFIG_MAPS}/none`, {}, 404, 'NotFound', 'GET');
  t.same(missing.details, { group: '', kind: 'configmaps', name: 'none' });
  await refused(t, `${CONFIG_MAPS}/none`, { body: configMap('none') }, 404, 'NotFound', 'PUT');
  await refused(t, '/api/v1/namespaces/nope/configmaps', { body: configMap('a') }, 404, 'NotFound');
});

t.test('a key named __proto__ changes no prototype', async (t) => {
  const body = '{"metadata":{"name":"proto"},"__proto__":{"polluted":true},"data":{"__proto__":"x"}}';
  await api.ask('POST', CONFIG_MAPS, { body, headers: json });
  const headers = { 'content-type': 'application/merge-patch+json' };
  await api.ask('PATCH', `${CONFIG_MAPS}/proto`, { body: '{"__proto__":{"polluted":true}}', headers });
  const jsonPatch = { 'content-type': 'application/json-patch+json' };
  const operations = '[{"op":"add","path":"/__proto__/polluted","value":true}]';
  const answer = await api.ask('PATCH', `${CONFIG_MAPS}/proto`, { body: operations, headers: jsonPatch });
  t.ok(answer.code >= 400 && answer.code < 500, `code ${answer.code}`);
  t.equal(({} as { polluted?: boolean }).polluted, undefined);
});

t.test('a JSON patch that is malformed is 400, one that does not apply 422', async (t) => {
  const headers = { 'content-type': 'application/json-patch+json' };
  const path = `${CONFIG_MAPS}/from-yaml`;
  const patch = (body: unknown): AskOptions => ({ body: JSON.stringify(body), headers });
  await refused(t, path, patch({ op: 'add' }), 400, 'BadRequest', 'PATCH');
  await refused(t, path, patch([{ op: 'bogus', path: '/data/a' }]), 400, 'BadRequest', 'PATCH');
  await refused(t, path, patch([null]), 400, 'BadRequest', 'PATCH');
  await refused(t, path, patch([{ op: 'test', path: '/data/a', value: 'no' }]), 422, 'Invalid', 'PATCH');
  await refused(t, path, patch([{ op: 'remove', path: '/data/none' }]), 422, 'Invalid', 'PATCH');
  await refused(t, path, patch([{ op: 'remove', path: '/metadata' }]), 400, 'BadRequest', 'PATCH');
});

t.test('what is no HTTP, or no TLS, ends that connection only', async (t) => {
  const plain = connect(api.server.port, '127.0.0.1');
  plain.resume();
  plain.write('GET / HTTP/1.1\r\n\r\n');
  await new Promise((resolve) => plain.on('close', resolve));
  const socket = connectTls({ port: api.server.port, host: '127.0.0.1', rejectUnauthorized: false });
  socket.write('nonsense\r\n\r\n');
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  await new Promise((resolve) => socket.on('close', resolve));
  t.match(text, /^HTTP\/1.1 400/);
  t.equal((await api.ask('GET', '/readyz')).text, 'ok');
});
