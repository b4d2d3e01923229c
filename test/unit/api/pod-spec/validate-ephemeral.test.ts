// Ephemeral containers: what they may not have, whom they may look at, and that they stay as they are.
import t from 'tap';
import type { core } from '../../../../src/api/objects.ts';
import {
  validateEphemeralContainers,
  validateEphemeralUpdate,
} from '../../../../src/api/pod-spec/validate-ephemeral.ts';

const container = (name: string, own: Partial<core.EphemeralContainer> = {}): core.EphemeralContainer => ({
  name,
  image: 'e.com/tools:1',
  imagePullPolicy: 'IfNotPresent',
  terminationMessagePolicy: 'File',
  ...own,
});
const spec = (...ephemeralContainers: core.EphemeralContainer[]): core.PodSpec => ({
  containers: [{ name: 'main', image: 'e.com/main:1' }],
  initContainers: [{ name: 'first', image: 'e.com/first:1' }],
  ephemeralContainers,
});
const problems = (...given: core.EphemeralContainer[]) =>
  validateEphemeralContainers(spec(...given), new Set(['data']), 'spec').map(
    ({ field, message }) => `${field}: ${message}`,
  );

t.test('one that looks at a container of its pod is fine', async (t) => {
  t.strictSame(problems(container('a'), container('b', { targetContainerName: 'main' })), []);
});

t.test('names are unique in the whole pod, and targets exist', async (t) => {
  t.strictSame(problems(container('main'), container('a'), container('a')), [
    'spec.ephemeralContainers[0].name: Duplicate value: "main"',
    'spec.ephemeralContainers[2].name: Duplicate value: "a"',
  ]);
  t.strictSame(problems(container('a', { targetContainerName: 'none' })), [
    'spec.ephemeralContainers[0].targetContainerName: Not found: "none"',
  ]);
});

t.test('probes, ports, resources and parts of volumes are forbidden', async (t) => {
  const unfit = container('a', {
    ports: [{ containerPort: 80, protocol: 'TCP' }],
    livenessProbe: { tcpSocket: { port: 80 } },
    resources: { limits: { cpu: '1' } },
    volumeMounts: [{ name: 'data', mountPath: '/data', subPath: 'part' }],
  });
  const why = 'Forbidden: cannot be set for an Ephemeral Container';
  t.strictSame(problems(unfit), [
    `spec.ephemeralContainers[0].ports: ${why}`,
    `spec.ephemeralContainers[0].livenessProbe: ${why}`,
    `spec.ephemeralContainers[0].resources: ${why}`,
    `spec.ephemeralContainers[0].volumeMounts[0].subPath: ${why}`,
  ]);
  t.strictSame(problems(container('a', { resources: {} })), []);
});

t.test('what is there is neither changed nor removed; more may come', async (t) => {
  const before = spec(container('a'));
  const errors = (...next: core.EphemeralContainer[]) =>
    validateEphemeralUpdate(spec(...next), before).map(({ message }) => message);
  t.strictSame(errors(container('a'), container('b')), []);
  t.strictSame(errors(container('b')), ['Forbidden: existing ephemeral containers "a" may not be removed']);
  t.strictSame(errors(container('a', { image: 'e.com/other:1' })), [
    'Forbidden: existing ephemeral containers "a" may not be changed',
  ]);
});
