// Where images are tried for, and what a registries.yaml may say.
import t from 'tap';
import { isByDigest, isWellFormed } from '../../../../src/kubelet/images/image-reference.ts';
import { pullSources } from '../../../../src/kubelet/images/pull-sources.ts';
import { joinRegistries, noRegistries, parseRegistries } from '../../../../src/kubelet/images/registries.ts';

const registries = parseRegistries({
  mirrors: {
    'docker.io': { endpoint: ['https://one.local:5000', 'http://two.local/v2/hub/'] },
    '*': { endpoint: ['https://all.local'] },
  },
  configs: { 'all.local': { tls: { insecure_skip_verify: true } } },
});
const places = (image: string) =>
  pullSources(image, registries).map(
    ({ reference, insecure }) => `${reference}${insecure ? ' insecure' : ''}`,
  );
const digest = `sha256:${'a'.repeat(64)}`;

t.test('mirrors come first, the registry itself last', async (t) => {
  t.same(places('redis'), [
    'one.local:5000/library/redis:latest',
    'two.local/hub/library/redis:latest insecure',
    'docker.io/library/redis:latest',
  ]);
  t.same(places('quay.io/a/b:1'), ['all.local/a/b:1 insecure', 'quay.io/a/b:1']);
  t.same(places('all.local/a:1'), ['all.local/a:1 insecure'], 'a registry is not its own mirror');
  t.same(places('localhost/a:1'), [], 'there is no registry on the board');
});

t.test('a tag beside a digest says nothing more', async (t) => {
  t.same(pullSources(`quay.io/a/b:1@${digest}`, noRegistries)[0]?.reference, `quay.io/a/b@${digest}`);
  t.ok(isByDigest(`redis@${digest}`));
  t.notOk(isByDigest('redis:7'));
});

t.test("the board's own entries replace the cluster's", async (t) => {
  const own = parseRegistries({ mirrors: { '*': { endpoint: ['https://near.local'] } } });
  const joined = joinRegistries(registries, own);
  t.equal(pullSources('quay.io/a', joined)[0]?.host, 'near.local');
  t.equal(pullSources('redis', joined)[0]?.host, 'one.local:5000');
});

for (const [content, words] of [
  [[], /must be a map/],
  [{ mirror: {} }, /mirror is not known/],
  [{ mirrors: { a: {} } }, /mirrors\["a"\]\.endpoint must be a list/],
  [{ mirrors: { a: { endpoint: ['registry:5000'] } } }, /"registry:5000" is not a URL/],
  [{ configs: { a: { tls: { ca: 'no' } } } }, /tls\.ca is not a certificate/],
  [{ configs: { a: { auth: { password: 1 } } } }, /auth\.password must be text/],
  [{ configs: { a: { tls: { insecure_skip_verify: 'yes' } } } }, /must be true or false/],
] as const) {
  t.test(`refused: ${JSON.stringify(content)}`, async (t) => {
    t.throws(() => parseRegistries(content), words);
  });
}

for (const [image, isGood] of [
  ['redis', true],
  ['registry.local:5000/a/b-c.d:V1.2_x', true],
  [`a/b:1@${digest}`, true],
  ['Redis', false],
  ['redis:', false],
  ['a//b', false],
  ['redis@sha256:12', false],
  ['redis:7 ', false],
  ['', false],
] as const) {
  t.test(`"${image}" is ${isGood ? 'a' : 'no'} name of an image`, async (t) => {
    t.equal(isWellFormed(image), isGood);
  });
}
