// The life of a token, by the clock.
import t from 'tap';
import { ServiceAccountTokens } from '../../../../src/apiserver/auth/service-account-tokens.ts';
import { makeTokenKey } from '../../../../src/pki/token-key.ts';
import { LevelStore } from '../../../../src/store/level-store.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { MemoryEngine } from '../../../support/memory-engine.ts';

const store = new LevelStore({ engine: new MemoryEngine(), onFatal: (error) => t.error(error) });
await store.start();
t.teardown(() => store.stop());
const metadata = { name: 'robot', namespace: 'a', uid: 'u1', resourceVersion: '1', creationTimestamp: '' };
await store.write('/registry/core/serviceaccounts/a/robot', () => ({
  put: { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
}));
const wanted = {
  namespace: 'a',
  account: { name: 'robot', uid: 'u1' },
  audiences: ['x', 'y'],
  expirationSeconds: 600,
};

t.test('a token counts from when it is made until it expires', async (t) => {
  const clock = new FakeClock();
  const tokens = new ServiceAccountTokens(makeTokenKey(), store, clock, () => 'id');
  const { token, expiresMs } = tokens.issue(wanted);
  t.equal(expiresMs, Math.floor(clock.now() / 1000) * 1000 + 600_000);
  t.match(tokens.verify(token, ['y', 'z']), {
    audiences: ['y'],
    user: {
      name: 'system:serviceaccount:a:robot',
      extra: { 'authentication.kubernetes.io/credential-id': ['JTI=id'] },
    },
  });
  await clock.advance(598_000);
  t.ok(tokens.verify(token, ['x']));
  await clock.advance(3_000);
  t.equal(tokens.verify(token, ['x']), undefined);
});

t.test('a token of another key counts for nothing', async (t) => {
  const clock = new FakeClock();
  const theirs = new ServiceAccountTokens(makeTokenKey(), store, clock, () => 'id');
  const ours = new ServiceAccountTokens(makeTokenKey(), store, clock, () => 'id');
  t.equal(ours.verify(theirs.issue(wanted).token, ['x']), undefined);
});
