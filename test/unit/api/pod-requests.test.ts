import t from 'tap';
import { podRequests } from '../../../src/api/pod-requests.ts';
import { qosClass } from '../../../src/api/qos-class.ts';

const container = (requests: Record<string, string>, limits: Record<string, string> = {}) => ({
  name: 'c',
  image: 'i',
  resources: { requests, limits },
});

t.test('a pod asks for the sum of its containers', async (t) => {
  const spec = {
    containers: [container({ cpu: '100m', memory: '64Mi' }), container({ cpu: '1', 'x.io/cam': '2' })],
  };
  t.same(podRequests(spec), {
    cpuMillis: 1100,
    memoryBytes: 67_108_864,
    ephemeralStorageBytes: 0,
    extended: { 'x.io/cam': 2 },
  });
});

t.test('an init container that needs more raises the whole, a sidecar adds to it', async (t) => {
  const main = container({ cpu: '200m' });
  t.equal(podRequests({ containers: [main], initContainers: [container({ cpu: '500m' })] }).cpuMillis, 500);
  t.equal(podRequests({ containers: [main], initContainers: [container({ cpu: '100m' })] }).cpuMillis, 200);
  const sidecar = { ...container({ cpu: '300m' }), restartPolicy: 'Always' };
  t.equal(podRequests({ containers: [main], initContainers: [sidecar] }).cpuMillis, 500);
  const late = container({ cpu: '400m' });
  t.equal(podRequests({ containers: [main], initContainers: [sidecar, late] }).cpuMillis, 700);
  t.equal(podRequests({ containers: [main], overhead: { cpu: '50m' } }).cpuMillis, 250);
});

t.test('the quality of service follows from requests and limits', async (t) => {
  const both = { cpu: '1', memory: '1Gi' };
  t.equal(qosClass({ containers: [container({})] }), 'BestEffort');
  t.equal(qosClass({ containers: [container(both, both)] }), 'Guaranteed');
  t.equal(qosClass({ containers: [container({}, both)] }), 'Guaranteed');
  t.equal(qosClass({ containers: [container({ cpu: '1' })] }), 'Burstable');
  t.equal(qosClass({ containers: [container(both, both), container({})] }), 'Burstable');
  t.equal(qosClass({ containers: [container({ cpu: '500m' }, both)] }), 'Burstable');
});
