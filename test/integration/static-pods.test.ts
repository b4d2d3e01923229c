// Static pods on a real folder: the whole kubelet over the fake engine, with no master unless a test plays one.
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { ManifestFolder } from '../../src/kubelet/static-pods/manifest-folder.ts';
import { DesiredStand, isRunning, phaseOf, startBoard } from '../support/disk-board.ts';
import { eventually } from '../support/eventually.ts';
import { WEB_IMAGE } from '../support/kubelet-world.ts';

const KEY = 'default/web-board-a';

const manifest = (name = 'web', more = '') =>
  `apiVersion: v1\nkind: Pod\nmetadata:\n  name: ${name}\nspec:\n  containers:\n  - name: web\n    image: ${WEB_IMAGE}\n${more}`;

async function folderStand(t: Test) {
  const path = await mkdtemp(join(tmpdir(), 'edge-manifests-'));
  const problems: string[] = [];
  const folder = new ManifestFolder({
    path,
    nodeName: 'board-a',
    clock: systemClock,
    logger: silentLogger,
    onProblem: (message) => problems.push(message),
  });
  t.teardown(async () => {
    await folder.stop();
    await rm(path, { recursive: true, force: true });
  });
  return { path, problems, folder };
}

t.test(
  'a file becomes a pod with defaults, bound to its board, that no lost board drives away',
  async (t) => {
    const { path, folder, problems } = await folderStand(t);
    await writeFile(join(path, 'web.yaml'), manifest());
    await folder.start();
    t.same(problems, []);
    const pod = folder.current().get(KEY);
    t.match(pod?.spec, { nodeName: 'board-a', restartPolicy: 'Always', terminationGracePeriodSeconds: 30 });
    t.match(pod?.spec.tolerations, [{ operator: 'Exists', effect: 'NoExecute' }]);
    t.equal(pod?.metadata.annotations?.['kubernetes.io/config.source'], 'file');
    t.equal(pod?.metadata.annotations?.['kubernetes.io/config.hash'], pod?.metadata.uid);
  },
);

t.test('garbage is told, once for each file, and harms no other', async (t) => {
  const { path, folder, problems } = await folderStand(t);
  const garbage: Record<string, string | Buffer> = {
    'binary.bin': Buffer.from([0xff, 0xfe, 0, 1]),
    'bomb.yaml': `a: &a [x,x]\n${[...'bcdefghij'].map((c, i) => `${c}: &${c} [*${'abcdefghi'[i]},*${'abcdefghi'[i]}]`).join('\n')}`,
    'deep.json': '['.repeat(20_000),
    'empty.yaml': '',
    'list.yaml': 'apiVersion: v1\nkind: List\nitems: []\n',
    'nameless.yaml': 'apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: b}]}\n',
    'number.json': '42',
    'proto.json':
      '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","labels":{"__proto__":"y"}},"spec":{}}',
    'secret.yaml': manifest('secret', '    envFrom: [{secretRef: {name: x}}]\n'),
    'two.yaml': `${manifest('one')}---\n${manifest('two')}`,
    'typed.yaml': manifest('typed', '    ports: all\n'),
    'unknown.yaml': manifest('unknown', '    imgae: b\n'),
    'wrong.yaml': manifest('Not_A_Name'),
    'same.yaml': manifest('web'),
  };
  for (const [name, content] of Object.entries(garbage)) await writeFile(join(path, name), content);
  await writeFile(join(path, '.hidden'), 'garbage');
  await writeFile(join(path, 'good.yaml'), manifest('web'));
  await symlink('nowhere', join(path, 'link.yaml'));
  await mkdir(join(path, 'folder'));
  await folder.start();
  t.same([...folder.current().keys()], [KEY]);
  const named = problems.map((problem) => /^static pod file (\S+):/.exec(problem)?.[1]).sort();
  t.same(named, [...Object.keys(garbage), 'link.yaml'].sort());
  t.match(problems.join('\n'), /secret\.yaml: a static pod may not reference secrets/);
  t.match(problems.join('\n'), /unknown\.yaml: unknown field "spec\.containers\[0\]\.imgae"/);
});

t.test('the folder is followed: new, changed, replaced whole, gone, and gone bad', async (t) => {
  const { path, folder, problems } = await folderStand(t);
  const heard: string[] = [];
  folder.onChange((keys) => heard.push(...keys));
  await folder.start();
  const file = join(path, 'web.yaml');
  await writeFile(file, manifest());
  await eventually(() => folder.current().has(KEY));
  const first = folder.current().get(KEY)?.metadata.uid;
  await writeFile(`${file}.new`, manifest('web', '    args: [a]\n'));
  await rename(`${file}.new`, file);
  await eventually(() => folder.current().get(KEY)?.spec.containers[0]?.args?.[0] === 'a');
  t.not(folder.current().get(KEY)?.metadata.uid, first);
  await writeFile(file, 'apiVersion: [');
  await eventually(() => problems.some((problem) => problem.includes('web.yaml: not valid YAML')));
  t.ok(folder.current().has(KEY), 'a slip of the hand stops no pod');
  await rm(file);
  await eventually(() => folder.current().size === 0);
  t.equal(new Set(heard).size, 1);
});

t.test('static pods run with no master, beside those of the master, and go with their file', async (t) => {
  const { path, folder } = await folderStand(t);
  await writeFile(join(path, 'web.yaml'), manifest());
  await folder.start();
  const desired = new DesiredStand();
  desired.isAway = true;
  const board = await startBoard(t, { desired }, { staticPods: folder });
  await isRunning(board, KEY);
  t.equal(board.sink.pods.get(KEY)?.mirror?.metadata.name, 'web-board-a');
  const before = [...board.runtime.containers.keys()];
  desired.isAway = false;
  desired.changed();
  await board.clock.advance(5_000);
  t.same([...board.runtime.containers.keys()], before, 'an empty set of the master leaves it');
  desired.isAway = true;
  await rm(join(path, 'web.yaml'));
  await eventually(() => board.runtime.containers.size === 0);
  await eventually(() => phaseOf(board, KEY) === undefined);
});
