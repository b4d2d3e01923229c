import t from 'tap';
import { expired } from '../../../src/api/status-error.ts';
import { run } from './run.ts';

const columnDefinitions = [
  { name: 'Name', priority: 0 },
  { name: 'Status', priority: 0 },
  { name: 'IP', priority: 1 },
];
const row = (name: string, status: string, resourceVersion = '1') => ({
  cells: [name, status, '10.0.0.1'],
  object: { metadata: { name, namespace: 'ns1', resourceVersion, labels: { b: '2', a: '1' } } },
});
const table = (...rows: unknown[]) => ({
  kind: 'Table',
  metadata: { resourceVersion: '9' },
  columnDefinitions,
  rows,
});
const list = 'GET /api/v1/namespaces/default/pods?limit=500';

t.test('a list is shown as the table that the server made', async (t) => {
  const answers = { [list]: table(row('web-1', 'Running'), row('x', 'CrashLoopBackOff')) };
  const { out, exitCode, api } = await run(['get', 'po'], answers);
  t.equal(out, 'NAME    STATUS\nweb-1   Running\nx       CrashLoopBackOff\n');
  t.equal(exitCode, 0);
  t.match(api.requests.at(-1)?.accept, 'as=Table;v=v1;g=meta.k8s.io');
  t.match((await run(['get', 'pods', '-o=wide'], answers)).out, /^NAME +STATUS +IP\n/);
  t.notMatch((await run(['get', 'pods', '--no-headers'], answers)).out, 'NAME');
  t.match((await run(['get', 'pods', '--show-labels'], answers)).out, /LABELS\nweb-1 +Running +a=1,b=2\n/);
});

t.test('selectors, namespaces and pages become the query', async (t) => {
  const first = { ...table(row('a', 'Running')), metadata: { continue: 'next' } };
  const { out, api } = await run(
    ['get', 'pods', '-A', '-l', 'app=web', '--field-selector', 'status.phase=Running'],
    {
      'GET /api/v1/pods?labelSelector=app%3Dweb&fieldSelector=status.phase%3DRunning&limit=500': first,
      'GET /api/v1/pods?labelSelector=app%3Dweb&fieldSelector=status.phase%3DRunning&limit=500&continue=next':
        table(row('b', 'Running')),
    },
  );
  t.equal(out, 'NAMESPACE   NAME   STATUS\nns1         a      Running\nns1         b      Running\n');
  t.equal(api.asked.length, 2);
  const other = await run(['get', 'pods', '-n', 'kube-system'], {
    'GET /api/v1/namespaces/kube-system/pods?limit=500': table(),
  });
  t.equal(other.err, 'No resources found in kube-system namespace.\n');
  t.equal(other.exitCode, 0);
});

t.test('several kinds are shown one after the other, with their kind in the name', async (t) => {
  const { out } = await run(['get', 'pods,svc'], {
    [list]: table(row('a', 'Running')),
    'GET /api/v1/namespaces/default/services?limit=500': table(row('a', 'x')),
  });
  t.equal(out, 'NAME    STATUS\npod/a   Running\n\nNAME        STATUS\nservice/a   x\n');
});

t.test('a name that is not there is told, and the others are shown', async (t) => {
  const { out, err, exitCode } = await run(['get', 'pod', 'a', 'b'], {
    'GET /api/v1/namespaces/default/pods/b': table(row('b', 'Running')),
  });
  t.equal(out, 'NAME   STATUS\nb      Running\n');
  t.match(err, /^error: pods "a" not found: 'edgectl get pods' lists what is there\n$/);
  t.equal(exitCode, 1);
  const quiet = await run(['get', 'pod/a', '--ignore-not-found']);
  t.same([quiet.out, quiet.err, quiet.exitCode], ['', '', 0]);
});

t.test('an unknown kind is told with the way to find the right one', async (t) => {
  const { err, exitCode } = await run(['get', 'foos']);
  t.match(err, /doesn't have a resource type "foos": 'edgectl api-resources'/);
  t.equal(exitCode, 1);
});

t.test('whole objects come as YAML, JSON or names, a kind of its own group included', async (t) => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } };
  const one = { 'GET /api/v1/namespaces/default/pods/a': pod };
  t.equal(
    (await run(['get', 'pod', 'a', '-o', 'yaml'], one)).out,
    'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n',
  );
  t.same(JSON.parse((await run(['get', 'pod/a', '-o', 'json'], one)).out), pod);
  const many = { [list]: { items: [{ metadata: { name: 'a' } }] } };
  t.match(JSON.parse((await run(['get', 'pods', '-o', 'json'], many)).out), { kind: 'List', items: [pod] });
  t.equal((await run(['get', 'pods', '-o', 'name'], many)).out, 'pod/a\n');
  const widget = {
    'GET /apis/x.io/v1/namespaces/default/widgets?limit=500': { items: [{ metadata: { name: 'w' } }] },
  };
  t.equal((await run(['get', 'widgets', '-o', 'name'], widget)).out, 'widget.x.io/w\n');
});

t.test('what an object says of itself cannot steer the terminal', async (t) => {
  const { out } = await run(['get', 'pods'], { [list]: table(row('a', 'x\u001b[31m\ny')) });
  t.equal(out, 'NAME   STATUS\na      x [31m y\n');
});

t.test('a watch goes on from the list, over reconnects and lost history', async (t) => {
  const event = (name: string, status: string, revision: string) =>
    `${JSON.stringify({ type: 'MODIFIED', object: table(row(name, status, revision)) })}\n`;
  const watch = (from: string) => `GET /api/v1/namespaces/default/pods?resourceVersion=${from}&watch=true`;
  const error = `${JSON.stringify({ type: 'ERROR', object: expired('too old').toStatus() })}\n`;
  const { out, exitCode, err, api } = await run(['get', 'pods', '-w'], {
    [list]: table(row('a', 'Pending')),
    [watch('9')]: [event('a', 'Running', '12'), event('a', 'Again', '20')],
    [watch('12')]: error,
  });
  t.equal(out, 'NAME   STATUS\na      Pending\na      Running\na      Pending\na      Again\n');
  t.equal(exitCode, 1, 'the fake server ends it at last');
  t.match(err, /^error: /);
  t.equal(api.asked.filter((line) => line === list).length, 2);
});
