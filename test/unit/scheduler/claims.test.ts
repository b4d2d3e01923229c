import t from 'tap';
import type { PersistentVolumeClaim } from '../../../src/api/objects.ts';
import { claimProblem } from '../../../src/scheduler/claims.ts';
import { makePod } from '../../support/make-pod.ts';
import { storageOf } from '../../support/scheduler-world.ts';

function claim(volumeName: string, phase: string, deletionTimestamp?: string): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: 'data',
      namespace: 'default',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...(deletionTimestamp ? { deletionTimestamp } : {}),
    },
    spec: { volumeName },
    status: { phase: phase as never },
  };
}

const pod = makePod({
  spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] },
});
const cases: [string, PersistentVolumeClaim | undefined, string | undefined][] = [
  ['a claim that is not there', undefined, 'persistentvolumeclaim "data" not found'],
  ['one without a volume', claim('', 'Pending'), 'pod has unbound immediate PersistentVolumeClaims'],
  ['one on its way to a volume', claim('v', 'Pending'), 'pod has unbound immediate PersistentVolumeClaims'],
  [
    'one that is going',
    claim('v', 'Bound', '2026-01-01T00:00:00Z'),
    'persistentvolumeclaim "data" is being deleted',
  ],
  ['one that is bound', claim('v', 'Bound'), undefined],
];
for (const [name, known, wanted] of cases) {
  t.test(`${name}: ${wanted ?? 'the pod may go'}`, async (t) => {
    t.equal(claimProblem(pod, storageOf({ claims: known ? [known] : [] })), wanted);
  });
}

t.test('a pod without claims asks for none', async (t) => {
  t.equal(claimProblem(makePod(), storageOf({})), undefined);
});

t.test("a volume of the pod's own waits for its claim, and takes nobody else's", async (t) => {
  const own = makePod({ spec: { volumes: [{ name: 'data', ephemeral: {} }] } });
  const name = `${own.metadata.name}-data`;
  const problem = (...claims: PersistentVolumeClaim[]) => claimProblem(own, storageOf({ claims }));
  const made = (uid: string) => {
    const { metadata, ...rest } = claim('v', 'Bound');
    const owner = { apiVersion: 'v1', kind: 'Pod', name: own.metadata.name, uid, controller: true };
    return { ...rest, metadata: { ...metadata, name, ownerReferences: [owner] } };
  };
  t.equal(problem(), `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`);
  t.match(problem(made('another')), /was not created for pod .*\(pod is not owner\)/);
  t.equal(problem(made(own.metadata.uid)), undefined);
});
