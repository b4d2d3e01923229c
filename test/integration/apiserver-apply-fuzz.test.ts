// Whatever is sent as a configuration, as a record of owners or as protobuf, the server answers with a Status or an
// object, and goes on.
import fc from 'fast-check';
import t from 'tap';
import { startApiServer } from '../support/api-server.ts';

const api = await startApiServer();
t.teardown(() => api.stop());
const PATH = '/api/v1/namespaces/default/services';
const JSON_BODY = { 'content-type': 'application/json' };
const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const PROTOBUF = { 'content-type': 'application/vnd.kubernetes.protobuf' };

const service = (spec: unknown, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'fuzz', ...metadata },
  spec,
});

/** Never the server's own fault, never silence. */
function isAnswer({ code, json }: { code: number; json: { kind?: string } }): boolean {
  if (code === 200 || code === 201) return json.kind === 'Service';
  return code >= 400 && code < 500 && json.kind === 'Status';
}

const runs = { numRuns: 60 };
const port = fc.record(
  { port: fc.integer(), protocol: fc.jsonValue(), name: fc.jsonValue() },
  { requiredKeys: [] },
);
const spec = fc.oneof(
  fc.jsonValue(),
  fc.record(
    { ports: fc.array(fc.oneof(port, fc.jsonValue())), selector: fc.jsonValue() },
    { requiredKeys: [] },
  ),
);

t.test('any configuration is applied or refused', async (t) => {
  await api.ask('POST', PATH, { body: service({ ports: [{ port: 80 }] }), headers: JSON_BODY });
  await fc.assert(
    fc.asyncProperty(spec, fc.constantFrom('a', 'b'), async (content, manager) => {
      const url = `${PATH}/fuzz?fieldManager=${manager}&force=true`;
      return isAnswer(
        await api.ask('PATCH', url, { body: JSON.stringify(service(content)), headers: APPLY }),
      );
    }),
    runs,
  );
  t.equal((await api.ask('GET', `${PATH}/fuzz`)).code, 200);
});

const element = fc.constantFrom(
  '.',
  'f:spec',
  'f:ports',
  'k:{"port":80}',
  'k:[',
  'v:1',
  'v:',
  'i:1',
  '',
  '__proto__x',
);
const { set } = fc.letrec((tie) => ({
  set: fc.dictionary(element, fc.oneof({ depthSize: 'small' }, fc.constant({}), tie('set')), { maxKeys: 3 }),
}));
const entry = fc.record(
  {
    manager: fc.string(),
    operation: fc.constantFrom('Apply', 'Update', 'Other'),
    apiVersion: fc.constantFrom('v1', 'v0', ''),
    fieldsType: fc.constantFrom('FieldsV1', 'FieldsV9'),
    fieldsV1: fc.oneof(set, fc.jsonValue()),
  },
  { requiredKeys: [] },
);

t.test('any record of owners is kept, passed over or refused', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 4 }), async (managedFields) => {
      const body = JSON.stringify({ metadata: { managedFields } });
      const headers = { 'content-type': 'application/merge-patch+json' };
      const set = await api.ask('PATCH', `${PATH}/fuzz`, { body, headers });
      const config = JSON.stringify(service({ ports: [{ port: 81 }] }));
      const applied = await api.ask('PATCH', `${PATH}/fuzz?fieldManager=x`, { body: config, headers: APPLY });
      return isAnswer(set) && isAnswer(applied);
    }),
    runs,
  );
  t.equal((await api.ask('GET', `${PATH}/fuzz`)).code, 200);
});

t.test('random bytes under the name of protobuf store nothing', async (t) => {
  const { resourceVersion } = (await api.ask('GET', `${PATH}/fuzz`)).json.metadata;
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), fc.boolean(), async (bytes, withMagic) => {
      const body = Buffer.concat([Buffer.from(withMagic ? 'k8s\0' : ''), bytes]);
      const answer = await api.ask('PUT', `${PATH}/fuzz`, { body, headers: PROTOBUF });
      return answer.code >= 400 && isAnswer(answer);
    }),
    runs,
  );
  t.equal((await api.ask('GET', `${PATH}/fuzz`)).json.metadata.resourceVersion, resourceVersion);
});
