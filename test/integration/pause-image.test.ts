// The image of pause containers, made of a program on a real disk.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { PauseImage, pauseImage } from '../../src/kubelet/runtime/podman/pause-image.ts';

t.test('pods that start together share one making, and a failure is tried again', async (t) => {
  const program = join(t.testdir(), 'catatonit');
  const has = new Set<string>();
  let made = 0;
  const images = {
    exists: async (name: string) => has.has(name),
    importRoot: async (name: string) => {
      made += 1;
      has.add(name);
      return 'id';
    },
  };
  const pause = new PauseImage(images, program);
  await t.rejects(pause.ensure(), { code: 'ENOENT' });
  await writeFile(program, 'program');
  await Promise.all([pause.ensure(), pause.ensure(), pause.ensure()]);
  t.equal(made, 1);
  await rm(program);
  pause.forget();
  await pause.ensure();
  t.equal(made, 1, 'it is there');
  has.delete(pauseImage);
  pause.forget();
  await t.rejects(pause.ensure(), { code: 'ENOENT' }, 'it is not');
});
