// What may be added to a pod that runs.
import t from 'tap';
import type { core } from '../../../../src/api/objects.ts';
import { validateEphemeralUpdate } from '../../../../src/api/pod-spec/validate-ephemeral.ts';

const spec = (...ephemeralContainers: object[]): core.PodSpec => ({
  containers: [{ name: 'web', image: 'web:1' }],
  ...(ephemeralContainers.length > 0
    ? { ephemeralContainers: ephemeralContainers as core.EphemeralContainer[] }
    : {}),
});
const debug = {
  name: 'debug',
  image: 'busybox:1',
  imagePullPolicy: 'IfNotPresent',
  terminationMessagePolicy: 'File',
};
const fieldsOf = (next: core.PodSpec, previous = spec()) =>
  validateEphemeralUpdate(next, previous).map((error) => error.field);

t.test('a container that names its target is added, and stays as it is', async (t) => {
  const added = spec({ ...debug, targetContainerName: 'web' });
  t.same(fieldsOf(added), []);
  t.same(fieldsOf(added, added), []);
  t.same(fieldsOf(spec(), spec(debug)), ['spec.ephemeralContainers']);
  t.same(fieldsOf(spec({ ...debug, image: 'other:1' }), spec(debug)), ['spec.ephemeralContainers']);
});

for (const [why, own, field] of [
  ['a name that is taken', { name: 'web' }, 'name'],
  ['a target that is not there', { targetContainerName: 'no' }, 'targetContainerName'],
  ['ports', { ports: [{ containerPort: 1, protocol: 'TCP' }] }, 'ports'],
  ['resources', { resources: { limits: { cpu: '1' } } }, 'resources'],
  ['a probe', { livenessProbe: { exec: { command: ['x'] } } }, 'livenessProbe'],
] as const) {
  t.test(`${why} is refused`, async (t) => {
    t.same(fieldsOf(spec({ ...debug, ...own })), [`spec.ephemeralContainers[0].${field}`]);
  });
}
