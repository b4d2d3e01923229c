// A damaged image goes only when nothing that runs, and nothing of others, goes with it.
import t from 'tap';
import { silentLogger as logger } from '../../../../../src/base/logger.ts';
import { ImageMender } from '../../../../../src/kubelet/runtime/podman/image-mender.ts';
import type { LibpodClient } from '../../../../../src/kubelet/runtime/podman/libpod-client.ts';

const OURS = { 'edge-cluster/owner': 'me' };

function menderWith(containers: object[]) {
  const removed: string[] = [];
  const client = {
    getJson: async () => containers,
    call: async ({ method, path }: { method: string; path: string }) => removed.push(`${method} ${path}`),
  } as unknown as LibpodClient;
  return { mender: new ImageMender({ client, owner: 'me', logger }), removed };
}

t.test('an image that only dead containers of ours have is removed', async (t) => {
  const { mender, removed } = menderWith([{ Names: ['a'], State: 'exited', Labels: OURS }]);
  const told = await mender.mend('localhost/web:1', new Error('layer not known'));
  t.match(told, /"localhost\/web:1" is damaged .*layer not known.* was removed and is fetched anew/);
  t.same(removed, ['DELETE /images/localhost%2Fweb%3A1?force=true']);
});

for (const [what, container] of [
  ['runs', { Names: ['b'], State: 'running', Labels: OURS }],
  ['is of somebody else', { Names: ['b'], State: 'exited', Labels: null }],
] as const) {
  t.test(`an image stays while a container has it that ${what}`, async (t) => {
    const { mender, removed } = menderWith([container]);
    t.match(await mender.mend('web', new Error('layer not known')), /while container b has it/);
    t.same(removed, []);
  });
}
