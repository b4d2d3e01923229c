import t from 'tap';
import { badRequest } from '../../../src/api/status-error.ts';
import { run } from './run.ts';

const pod = '/api/v1/namespaces/default/pods/web';
const spec = (...names: string[]) => ({
  metadata: { name: 'web' },
  spec: { containers: names.map((name) => ({ name })) },
});

t.test('the only container is read without asking which', async (t) => {
  const { out, err } = await run(['logs', 'web'], {
    [`GET ${pod}`]: spec('c'),
    [`GET ${pod}/log?container=c`]: 'hello\n',
  });
  t.same([out, err], ['hello\n', '']);
});

t.test('of several containers the first is chosen, and said', async (t) => {
  const { err } = await run(['logs', 'pod/web'], {
    [`GET ${pod}`]: spec('c', 'd'),
    [`GET ${pod}/log?container=c`]: '',
  });
  t.equal(err, 'Defaulted container "c" out of: c, d\n');
});

t.test('flags become the query', async (t) => {
  const { api } = await run(
    ['logs', 'web', '-c', 'd', '-f', '-p', '--tail=5', '--timestamps', '--since=2m'],
    {
      [`GET ${pod}/log?container=d&follow=true&previous=true&timestamps=true&tailLines=5&sinceSeconds=120`]:
        'x',
    },
  );
  t.equal(api.asked.length, 1);
});

t.test('what cannot be read is told', async (t) => {
  const refused = badRequest('previous terminated container "c" in pod "web" not found');
  const { err, exitCode } = await run(['logs', 'web', '-c', 'c', '-p'], {
    [`GET ${pod}/log?container=c&previous=true`]: refused,
  });
  t.equal(err, `error: ${refused.message}\n`);
  t.equal(exitCode, 1);
  t.match((await run(['logs', 'web', '-c', 'c', '--since=soon'])).err, /--since takes a duration/);
});

t.test('the log of what makes pods is that of one which runs', async (t) => {
  const space = '/api/v1/namespaces/default';
  const made = (name: string, phase: string) => ({
    metadata: { name, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { containers: [{ name: 'c' }] },
    status: { phase },
  });
  const items = [made('web-1', 'Pending'), made('web-2', 'Running')];
  const answers = {
    [`GET ${space}/replicationcontrollers/web`]: {
      kind: 'ReplicationController',
      spec: { selector: { app: 'web' } },
    },
    [`GET ${space}/pods?labelSelector=app%3Dweb`]: { items },
    [`GET ${space}/pods/web-2`]: items[1],
    [`GET ${space}/pods/web-2/log?container=c`]: 'hello\n',
  };
  const { out, err } = await run(['logs', 'rc/web'], answers);
  t.same([out, err], ['hello\n', 'Found 2 pods, using pod/web-2\n']);
  const none = { ...answers, [`GET ${space}/pods?labelSelector=app%3Dweb`]: { items: [] } };
  t.match((await run(['logs', 'rc/web'], none)).err, /rc\/web has no pod now/);
});
