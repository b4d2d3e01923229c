// The cluster as a person sees it on MQTT, with Debian's own mosquitto programs on the loopback listener.
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { command, Trial } from '../support/trial.ts';

t.test('the loopback listener', async (t) => {
  const trial = await Trial.create();
  t.teardown(() => trial.destroy());
  await trial.start();
  const host = ['-h', '127.0.0.1', '-p', String(trial.inspectPort)];
  /** All that is shown, once topics that end so are: a busy machine may need more than the second of a look. */
  const shown = (...wanted: string[]) =>
    eventually(async () => {
      const { stdout } = await command('mosquitto_sub', [...host, '-W', '1', '-v', '-t', 'edge/v1/#']);
      const topics = stdout.split('\n').map((line) => line.split(' ')[0]);
      const missing = wanted.filter((end) => !topics.some((topic) => topic?.endsWith(end)));
      if (missing.length > 0) throw new Error(`not shown: ${missing}`);
      return stdout;
    }, 20_000);

  await t.test('shows every object as JSON that a person can read', async (t) => {
    const stdout = await shown(
      'edge/v1/objects/core/namespaces/_/default',
      'edge/v1/objects/core/services/default/kubernetes',
      'edge/v1/services/index',
      'edge/v1/network/peers',
    );
    const line = stdout
      .split('\n')
      .find((l) => l.startsWith('edge/v1/objects/core/services/default/kubernetes '));
    t.equal(JSON.parse(line?.slice(line.indexOf(' ') + 1) ?? '').kind, 'Service');
  });

  await t.test('never shows the value of a Secret or of an environment variable', async (t) => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      stringData: { key: 'hush-4711' },
    };
    const env = [
      { name: 'PLAIN', value: 'hush-4712' },
      { name: 'FROM', valueFrom: { secretKeyRef: { name: 's', key: 'key' } } },
    ];
    const containers = [{ name: 'c', image: 'localhost/none:1', imagePullPolicy: 'Never', env }];
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers } };
    await trial.apply(secret, pod);
    const stdout = await shown(
      '/desired/pods/default/p',
      'edge/v1/objects/core/pods/default/p',
      'edge/v1/objects/core/secrets/default/s',
    );
    for (const value of ['hush-4711', Buffer.from('hush-4711').toString('base64'), 'hush-4712']) {
      t.notOk(stdout.includes(value), value);
    }
    await trial.must('delete', 'pod', 'p', '--grace-period=0', '--force');
  });

  await t.test('refuses to be published to', async (t) => {
    const topic = 'edge/v1/objects/core/namespaces/_/default';
    await command('mosquitto_pub', [...host, '-q', '1', '-r', '-t', topic, '-m', 'overwritten']);
    await command('mosquitto_pub', [...host, '-q', '1', '-r', '-t', 'edge/v1/mine', '-m', 'overwritten']);
    t.notMatch(await shown(topic), /overwritten/);
  });
});
