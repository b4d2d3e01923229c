import t from 'tap';
import { run } from './run.ts';

t.test('what cannot be understood is one line on standard error and exit code 1', async (t) => {
  for (const args of [
    ['gett'],
    ['get'],
    ['get', 'pods', '--foo'],
    ['scale', 'rc', 'x'],
    ['apply'],
    ['get', 'pods', '-o', 'x'],
  ]) {
    const { exitCode, out, err } = await run(args);
    t.equal(exitCode, 1, args.join(' '));
    t.equal(out, '');
    t.match(err, /^error: [^\n]+\n$/, args.join(' '));
  }
});

t.test('help is no error', async (t) => {
  for (const args of [['--help'], ['get', '--help'], ['help', 'delete']]) {
    const { exitCode, out } = await run(args);
    t.equal(exitCode, 0, args.join(' '));
    t.match(out, /Usage: edgectl/);
  }
});

t.test('version tells both sides, and its own when there is no server', async (t) => {
  const both = await run(['version'], { 'GET /version': { gitVersion: 'v1.33.0' } });
  t.equal(both.out, 'Client Version: v1.2.3\nServer Version: v1.33.0\n');
  const alone = await run(['version', '--client']);
  t.same([alone.out, alone.exitCode, alone.api.requests.length], ['Client Version: v1.2.3\n', 0, 0]);
  const unreachable = await run(['version']);
  t.same([unreachable.out, unreachable.exitCode], ['Client Version: v1.2.3\n', 1]);
});

t.test('api-resources lists what the server has, subresources aside', async (t) => {
  const { out } = await run(['api-resources', '-o', 'name']);
  t.match(out, /^endpoints\nevents\n/);
  t.match(out, /widgets\.x\.io\n$/);
  t.notMatch(out, 'log');
  t.match((await run(['api-resources'])).out, /^NAME +SHORTNAMES +APIVERSION +NAMESPACED +KIND\n/);
});
