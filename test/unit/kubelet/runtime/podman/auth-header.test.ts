// What podman's service is shown for a registry.
import t from 'tap';
import { authHeader } from '../../../../../src/kubelet/runtime/podman/images.ts';

t.test('credentials of every length are padded, as podman refuses them otherwise', async (t) => {
  for (const username of ['u', 'uv', 'uvw', '\u00ff\u00fe\u00ff>?']) {
    const header = authHeader({ username, password: 'sesame' });
    t.equal(header.length % 4, 0);
    t.match(header, /^[\w-]+=*$/);
    const shown = JSON.parse(Buffer.from(header, 'base64').toString('utf8'));
    t.same(shown, { username, password: 'sesame' });
  }
});

t.test('a token goes under the name that Docker gave it', async (t) => {
  const shown = JSON.parse(Buffer.from(authHeader({ identityToken: 'abc' }), 'base64').toString('utf8'));
  t.same(shown, { username: '', identitytoken: 'abc' });
});
