// Which credentials of a pull secret fit which image.
import t from 'tap';
import type { Secret } from '../../../../src/api/objects.ts';
import { credentialsFor, keyringOf } from '../../../../src/kubelet/images/keyring.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const secret = (auths: object, type = 'kubernetes.io/dockerconfigjson'): Secret => {
  const isNested = type.endsWith('json');
  const content = base64(JSON.stringify(isNested ? { auths } : auths));
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    type,
    data: { [isNested ? '.dockerconfigjson' : '.dockercfg']: content },
  };
};
const ann = { username: 'ann', password: 'a:b' };
const of = (place: string, image: string) =>
  credentialsFor(keyringOf(secret({ [place]: { auth: base64('ann:a:b') } })), image);

const places: [string, string, boolean][] = [
  ['registry.local:5000', 'registry.local:5000/team/app:1', true],
  ['registry.local', 'registry.local:5000/team/app:1', false],
  ['https://registry.local:5000/v2/', 'registry.local:5000/app', true],
  ['registry.local:5000/team', 'registry.local:5000/team/app:1', true],
  ['registry.local:5000/team', 'registry.local:5000/teams/app:1', false],
  ['*.local:5000', 'registry.local:5000/app', true],
  ['*.local:5000', 'a.registry.local:5000/app', false],
  ['https://index.docker.io/v1/', 'redis', true],
  ['docker.io', 'docker.io/library/redis:7', true],
  ['evil.local', 'redis', false],
];
for (const [place, image, fits] of places) {
  t.test(`${place} is ${fits ? '' : 'not '}for ${image}`, async (t) => {
    t.same(of(place, image), fits ? [ann] : []);
  });
}

t.test('the longest path comes first, and the older form of Secret is read as well', async (t) => {
  const auths = {
    'r.local/team': { username: 'team', password: '2' },
    'r.local': { username: 'all', password: '1' },
    'other.local': { identitytoken: 'tok' },
  };
  for (const type of ['kubernetes.io/dockerconfigjson', 'kubernetes.io/dockercfg']) {
    const keyring = keyringOf(secret(auths, type));
    t.same(
      credentialsFor(keyring, 'r.local/team/app').map(({ username }) => username),
      ['team', 'all'],
    );
    t.same(credentialsFor(keyring, 'other.local/x'), [{ identityToken: 'tok' }]);
  }
});

t.test('a Secret that holds no credentials says what is wrong with it', async (t) => {
  const broken = secret({});
  t.throws(() => keyringOf({ ...broken, data: {} }), /"s" has no key \.dockerconfigjson/);
  t.throws(() => keyringOf({ ...broken, data: { '.dockerconfigjson': base64('{') } }), /does not hold JSON/);
  t.same(keyringOf(secret({ 'r.local': { auth: 'bm90aGluZw==' } })), []);
});
