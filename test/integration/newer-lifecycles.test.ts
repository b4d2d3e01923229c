// The course that conformance tests since 1.21 follow with each kind: create (in protobuf, as their client does), get,
// list, watch, every kind of patch, update, status, and the end of a whole selection; all controllers at work.
// Source: test/e2e/framework/conformance/conformance.go of Kubernetes, read as a specification.
import t, { type Test } from 'tap';
import { COURSE_KINDS } from '../support/course-kinds.ts';
import { eventually } from '../support/eventually.ts';
import { LiveCluster } from '../support/live-cluster.ts';
import { protobufBody } from '../support/protobuf-encoder.ts';

const live = await LiveCluster.start({ boards: ['one', 'two'] });
t.teardown(() => live.stop());
const { api } = live;

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the server sent.
type Any = any;

const PROTOBUF = {
  'content-type': 'application/vnd.kubernetes.protobuf',
  accept: 'application/vnd.kubernetes.protobuf, */*',
};
const LABEL = 'e2e-test';

const PATCHES = {
  merge: [
    'application/merge-patch+json',
    (label: string) => ({ metadata: { labels: { [label]: 'patched' } } }),
  ],
  strategic: [
    'application/strategic-merge-patch+json',
    (label: string) => ({ metadata: { labels: { [label]: 'patched' } } }),
  ],
  json: [
    'application/json-patch+json',
    (label: string) => [{ op: 'add', path: `/metadata/labels/${label}`, value: 'patched' }],
  ],
} as const;

const ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  api.ask(method, path, { ...(body === undefined ? {} : { body }), ...(headers ? { headers } : {}) });

/** Reads, changes and writes in protobuf, again when somebody was faster. */
const update = (path: string, change: (object: Any) => void) =>
  eventually(async () => {
    const { json } = await ask('GET', path);
    change(json);
    const answer = await ask('PUT', path, protobufBody(json), PROTOBUF);
    if (answer.code === 409) throw new Error(answer.text);
    return answer;
  });

for (const [index, { path, body, status }] of COURSE_KINDS.entries()) {
  const { apiVersion, kind } = body;
  t.test(`${kind} of ${apiVersion} takes the whole course`, async (t) => {
    const name = `course-${index}`;
    const selector = `labelSelector=${LABEL}%3D${name}`;
    const all = path.replace('/namespaces/default', '');
    const watch = await api.watch(`${path}?watch=1&${selector}`);
    t.teardown(() => watch.stop());
    const sent = { ...body, metadata: { name, labels: { [LABEL]: name } } };
    const created = await ask('POST', `${path}?fieldValidation=Strict`, protobufBody(sent), PROTOBUF);
    t.equal(created.code, 201);
    const { uid, resourceVersion } = created.json.metadata;
    t.match(resourceVersion, /^[1-9]\d*$/);
    const object = `${path}/${name}`;
    t.match(await ask('GET', object), { code: 200, json: { apiVersion, kind, metadata: { uid } } });
    const listed = await ask('GET', `${all}?${selector}`);
    t.match(listed.json, { kind: `${kind}List`, apiVersion, items: [{ metadata: { uid } }] });

    for (const [sort, [type, patch]] of Object.entries(PATCHES)) {
      const answer = await ask('PATCH', `${object}?fieldValidation=Strict`, patch(sort), {
        'content-type': type,
      });
      t.match(answer, { code: 200, json: { metadata: { uid, labels: { [sort]: 'patched' } } } }, sort);
      t.ok(Number(answer.json.metadata.resourceVersion) > Number(resourceVersion));
    }
    const config = { apiVersion, kind, metadata: { name, uid, labels: { apply: 'patched' } } };
    const applying = { 'content-type': 'application/apply-patch+yaml' };
    const applied = await ask(
      'PATCH',
      `${object}?fieldManager=test-apply&force=true&fieldValidation=Strict`,
      config,
      applying,
    );
    t.match(
      applied,
      { code: 200, json: { metadata: { labels: { apply: 'patched', merge: 'patched' } } } },
      applied.text,
    );

    const updated = await update(object, ({ metadata }) => {
      metadata.labels.update = 'updated';
    });
    t.match(updated, { code: 200, json: { metadata: { uid, labels: { update: 'updated' } } } });
    if (status) await statusCourse(t, object, { apiVersion, kind, name, status });

    const dropped = await ask(
      'DELETE',
      `${path}?${selector}`,
      protobufBody({ apiVersion: 'v1', kind: 'DeleteOptions' }),
      PROTOBUF,
    );
    t.equal(dropped.code, 200);
    await eventually(async () => (await ask('GET', `${all}?${selector}`)).json.items.length === 0);
    await eventually(() => watch.events.at(-1)?.type === 'DELETED');
    t.match(watch.events.map(({ type }) => type).join(), /^ADDED(,MODIFIED){5,},DELETED$/);
    const versions = watch.events.map(({ object }) => Number(object.metadata.resourceVersion));
    t.same(
      versions,
      versions.toSorted((a, b) => a - b),
      'no event goes back',
    );
  });
}

interface Course {
  apiVersion: string;
  kind: string;
  name: string;
  status: object;
}

async function statusCourse(
  t: Test,
  object: string,
  { apiVersion, kind, name, status }: Course,
): Promise<void> {
  const place = `${object}/status`;
  const merged = await ask(
    'PATCH',
    place,
    { metadata: { annotations: { patched: 'yes' } }, status },
    { 'content-type': PATCHES.merge[0] },
  );
  t.equal(merged.code, 200);
  t.match(
    merged.json,
    { status, metadata: { annotations: { patched: 'yes' } } },
    'merge patch of the status',
  );
  const config = { apiVersion, kind, metadata: { name }, status };
  const applied = await ask('PATCH', `${place}?fieldManager=test-apply&force=true`, config, {
    'content-type': 'application/apply-patch+yaml',
  });
  t.equal(applied.code, 200);
  t.match(applied.json, { status }, 'applied status');
  const put = await update(place, (json) => {
    json.status = { ...json.status, ...status };
    if (json.spec) json.spec = undefined;
  });
  t.match(put, { code: 200, json: { status } });
  t.match(await ask('GET', place), { code: 200, json: { kind, metadata: { name } } });
}
