import t from 'tap';
import type { Pod } from '../../../src/api/objects.ts';
import { podRequests } from '../../../src/api/pod-requests.ts';
import { heldSpec } from '../../../src/api/pod-resize.ts';
import { makePod } from '../../support/make-pod.ts';

function podOf(asked: string, has: string, pending?: string): Pod {
  const resources = { requests: { cpu: asked } };
  const pod = makePod({ spec: { containers: [{ name: 'c', image: 'i', resources }] } });
  const statuses = [{ name: 'c', allocatedResources: { cpu: has } }];
  const conditions = pending ? [{ type: 'PodResizePending', status: 'True', reason: pending }] : [];
  return { ...pod, status: { containerStatuses: statuses as never, conditions } };
}
const heldMillis = (pod: Pod) => podRequests(heldSpec(pod)).cpuMillis;

t.test('a pod counts with the larger of what it asks for and what it has', async (t) => {
  t.equal(heldMillis(podOf('1', '1000m')), 1000);
  t.equal(heldMillis(podOf('2', '1')), 2000);
  t.equal(heldMillis(podOf('1', '2')), 2000);
  t.equal(heldMillis(podOf('2', '1', 'Deferred')), 2000);
});

t.test('what its board can never give is not counted', async (t) => {
  t.equal(heldMillis(podOf('20', '1', 'Infeasible')), 1000);
});

t.test('nothing is copied for pods that are not being resized', async (t) => {
  const pod = podOf('1', '1');
  t.equal(heldSpec(pod), pod.spec);
});
