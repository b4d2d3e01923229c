import t from 'tap';
import type { KubeObject } from '../../../src/api/objects.ts';
import { decideGarbage, type Owner, type OwnerState } from '../../../src/controllers/garbage-decision.ts';
import { makePod } from '../../support/make-pod.ts';

const owner = (state: OwnerState, uid: string = state, blockOwnerDeletion = true): Owner => ({
  reference: { apiVersion: 'v1', kind: 'X', name: uid, uid, blockOwnerDeletion },
  state,
});
const none = { any: false, anyWaiting: false };
const some = { any: true, anyWaiting: false };
const ring = { any: true, anyWaiting: true };
const going = (...finalizers: string[]): KubeObject => {
  const pod = makePod({ deletedAt: '2026-01-01T00:00:00Z' });
  return { ...pod, metadata: { ...pod.metadata, finalizers } };
};
const held = (...finalizers: string[]): KubeObject => {
  const pod = makePod();
  return { ...pod, metadata: { ...pod.metadata, finalizers } };
};

const cases: [
  name: string,
  object: KubeObject,
  owners: Owner[],
  dependents: typeof none,
  expected: object,
][] = [
  ['nobody owns it', makePod(), [], none, { action: 'keep' }],
  ['its owner is there', makePod(), [owner('present')], none, { action: 'keep' }],
  [
    'its owner is gone',
    makePod(),
    [owner('absent')],
    none,
    { action: 'delete', policy: 'Background', unblock: false },
  ],
  ['its owner cannot be looked up', makePod(), [owner('unknown')], none, { action: 'keep' }],
  [
    'one of two owners is gone',
    makePod(),
    [owner('absent'), owner('present')],
    none,
    { action: 'dropReferences', uids: ['absent'] },
  ],
  [
    'one waits, one is there',
    makePod(),
    [owner('waitingForDependents'), owner('present')],
    none,
    { action: 'dropReferences', uids: ['waitingForDependents'] },
  ],
  [
    'one is gone, one cannot be looked up',
    makePod(),
    [owner('absent'), owner('unknown')],
    none,
    { action: 'dropReferences', uids: ['absent'] },
  ],
  [
    'its owner waits for it',
    makePod(),
    [owner('waitingForDependents')],
    none,
    { action: 'delete', policy: 'Background', unblock: false },
  ],
  [
    'its owner waits, and it has dependents itself',
    makePod(),
    [owner('waitingForDependents')],
    some,
    { action: 'delete', policy: 'Foreground', unblock: false },
  ],
  [
    'its owner waits, and so does what it owns',
    makePod(),
    [owner('waitingForDependents')],
    ring,
    { action: 'delete', policy: 'Foreground', unblock: true },
  ],
  ['it is going already', going(), [owner('absent')], none, { action: 'keep' }],
  [
    'it is going in a ring',
    going('foregroundDeletion'),
    [owner('waitingForDependents')],
    ring,
    { action: 'delete', policy: 'Foreground', unblock: true },
  ],
  [
    'it is going in a ring and holds nobody up',
    going('foregroundDeletion'),
    [owner('waitingForDependents', 'w', false)],
    ring,
    { action: 'keep' },
  ],
  [
    'it asks for its dependents to be let go',
    held('orphan'),
    [owner('absent')],
    none,
    { action: 'delete', policy: 'Orphan', unblock: false },
  ],
  [
    'it asks for its dependents to go first',
    held('foregroundDeletion'),
    [owner('absent')],
    none,
    { action: 'delete', policy: 'Foreground', unblock: false },
  ],
];

for (const [name, object, owners, dependents, expected] of cases) {
  t.test(name, async (t) => t.same(decideGarbage(object, owners, dependents), expected));
}
