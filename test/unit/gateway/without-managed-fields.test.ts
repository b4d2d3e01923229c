// Field ownership stays with the API: neither people nor boards are sent it.
import t from 'tap';
import { desiredPod } from '../../../src/gateway/desired-pod.ts';
import { withoutManagedFields } from '../../../src/gateway/without-managed-fields.ts';
import { makePod } from '../../support/make-pod.ts';

const owned = (metadata: object) => ({ ...metadata, managedFields: [{ manager: 'kubectl' }] });

t.test('a pod is sent without the owners of its fields', async (t) => {
  const pod = makePod();
  const tracked = { ...pod, metadata: owned(pod.metadata) } as unknown as typeof pod;
  t.same(withoutManagedFields(tracked), pod);
  t.same(desiredPod(tracked), desiredPod(pod));
  t.ok('managedFields' in tracked.metadata, 'the stored object keeps them');
});

t.test('an object that nobody owns is sent as it is', async (t) => {
  const pod = makePod();
  t.equal(withoutManagedFields(pod), pod);
});
