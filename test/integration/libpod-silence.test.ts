// How long podman's service may say nothing: short until the words that are waited for, long after them.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { LibpodClient } from '../../src/kubelet/runtime/podman/libpod-client.ts';
import { PodmanService } from '../../src/kubelet/runtime/podman/service.ts';

const PULL = { method: 'POST', path: '/images/pull', silenceMs: 150, afterWords: 'signatures' } as const;

/** A client whose service is played by `answer`. */
async function clientOf(t: Test, answer: (response: ServerResponse) => void): Promise<LibpodClient> {
  const runDir = await mkdtemp(join(tmpdir(), 'edge-libpod-'));
  const server = createServer((request, response) => {
    if (request.url?.includes('/images/pull')) answer(response);
    else response.end('OK');
  }).listen(join(runDir, 'podman.sock'));
  await once(server, 'listening');
  t.teardown(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await rm(runDir, { recursive: true, force: true });
  });
  const containersConfPath = join(runDir, 'containers.conf');
  const options = { podmanPath: '/nonexistent', runDir, containersConfPath, storage: undefined };
  return new LibpodClient(new PodmanService({ ...options, clock: systemClock }));
}

t.test(
  'a registry that does not answer ends the pull, though podman itself has begun to speak',
  async (t) => {
    const client = await clientOf(t, (response) => response.write('{"stream":"Trying to pull"}\n'));
    await t.rejects(client.call({ ...PULL, thenSilenceMs: 10_000 }), { name: 'SilenceError' });
  },
);

t.test('after the words that were waited for, in whatever pieces, silence may last', async (t) => {
  // On a busy machine the words may come late, but not by a second.
  const silenceMs = 1000;
  const client = await clientOf(t, (response) => {
    response.write('Getting image source sig');
    setTimeout(() => response.write('natures\n'), 50);
    setTimeout(() => response.end('done'), 1.5 * silenceMs);
  });
  const { body } = await client.call({ ...PULL, silenceMs, thenSilenceMs: 10_000 });
  t.equal(body, 'Getting image source signatures\ndone');
});
