// The archive of several images that share a layer, as podman and docker read it.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { writeDockerArchive } from '../conformance/docker-archive.ts';

const run = promisify(execFile);

t.test('images that share a layer carry it once, each with its own settings', async (t) => {
  const folder = t.testdir({ a: 'first layer', b: 'second layer', out: {} });
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  const target = join(folder, 'images.tar');
  await writeFile(`${target}.part`, 'what a killed run left');
  await writeDockerArchive(
    [
      { name: 'x.test/one:1', layers: [a], config: { Cmd: ['one'] } },
      { name: 'x.test/two:1', layers: [a, b], config: { User: '7' } },
    ],
    target,
  );
  await run('tar', ['-C', join(folder, 'out'), '-xf', target]);
  const read = async (name: string) => JSON.parse(await readFile(join(folder, 'out', name), 'utf8'));
  const digest = (text: string) => createHash('sha256').update(text).digest('hex');
  const [one, two] = await read('manifest.json');
  t.same(one.RepoTags, ['x.test/one:1']);
  t.same(two.Layers, [`${digest('first layer')}.tar`, `${digest('second layer')}.tar`]);
  t.equal(await readFile(join(folder, 'out', one.Layers[0]), 'utf8'), 'first layer');
  const described = await read(two.Config);
  t.same(described.config, { User: '7' });
  t.same(described.rootfs.diff_ids, [`sha256:${digest('first layer')}`, `sha256:${digest('second layer')}`]);
});
