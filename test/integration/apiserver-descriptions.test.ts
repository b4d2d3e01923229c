// What fields are for, in both OpenAPI documents: upstream's texts, for built-in and custom kinds.
import t from 'tap';
import { loadFieldDescriptions } from '../../src/api/schema/field-descriptions.ts';
import { loadSchema } from '../../src/api/schema/load-schema.ts';
import { startApiServer } from '../support/api-server.ts';

const api = await startApiServer();
t.teardown(() => api.stop());
const POD_SPEC = 'io.k8s.api.core.v1.PodSpec';
const RESTART = /^Restart policy for all containers within the pod\./;

t.test('OpenAPI v3 says what a kind and its fields are', async (t) => {
  const { json } = await api.ask('GET', '/openapi/v3/api/v1');
  const { schemas } = json.components;
  t.match(schemas[POD_SPEC], { description: 'PodSpec is a description of a pod.', type: 'object' });
  t.match(schemas[POD_SPEC].properties.restartPolicy.description, RESTART);
  t.match(schemas['io.k8s.api.core.v1.Pod'].properties.apiVersion.description, /^APIVersion defines/);
  t.match(
    schemas['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'].properties.labels.description,
    /^Map of string keys and values/,
  );
  t.notMatch(JSON.stringify(schemas), /"description":"[^"]*\+(optional|listType|featureGate)/, 'no markers');
});

t.test('OpenAPI v2 says the same, as JSON and as protobuf', async (t) => {
  const { json } = await api.ask('GET', '/openapi/v2');
  t.match(json.definitions[POD_SPEC].properties.restartPolicy.description, RESTART);
  const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
  const { text } = await api.ask('GET', '/openapi/v2', { headers: { accept } });
  t.ok(text.includes('Restart policy for all containers within the pod.'));
});

/** The two that all kinds have are told by the server. */
const isOwn = (field: string) => field !== 'apiVersion' && field !== 'kind';

t.test('every message of the schema has its texts, and most fields', async (t) => {
  const [schema, texts] = [await loadSchema(), await loadFieldDescriptions()];
  const names = Object.keys(texts);
  t.ok(names.length > 350, `${names.length} messages`);
  const fields = names.flatMap((name) =>
    [...schema.message(name).fields.keys()].filter(isOwn).map((field) => texts[name]?.[field]),
  );
  const said = fields.filter((text) => text !== undefined).length;
  t.ok(said / fields.length > 0.9, `${said} of ${fields.length} fields`);
});
