import t from 'tap';
import type { core, Pod } from '../../../../src/api/objects.ts';
import { validateResize, validateResizePolicies } from '../../../../src/api/pod-spec/validate-resize.ts';
import { makePod } from '../../../support/make-pod.ts';

const sized = (resources: core.ResourceRequirements, init: core.Container[] = []): Pod =>
  makePod({ spec: { containers: [{ name: 'c', image: 'i', resources }], initContainers: init } });
const size = (cpu: string, memory: string) => ({ cpu, memory });
const before = sized({ requests: size('1', '1Mi'), limits: size('2', '2Mi') });
const problems = (next: Pod, previous = before) =>
  validateResize(next, previous).map(({ field, message }) => `${field}: ${message}`);

t.test('CPU and memory may go up and down', async (t) => {
  t.same(problems(sized({ requests: size('500m', '1Mi'), limits: size('4', '3Mi') })), []);
});

t.test('what was asked for is not dropped', async (t) => {
  const field = 'spec.containers[0].resources: Forbidden: resource';
  t.same(problems(sized({ requests: { cpu: '1' }, limits: size('2', '2Mi') })), [
    `${field} requests cannot be removed`,
  ]);
  t.same(problems(sized({ requests: size('1', '1Mi'), limits: { cpu: '2' } })), [
    `${field} limits cannot be removed`,
  ]);
});

t.test('the class of the pod stays, and so does all that is not CPU or memory', async (t) => {
  t.same(problems(sized({ requests: size('2', '2Mi'), limits: size('2', '2Mi') })), [
    'spec: Invalid value: "Guaranteed": Pod QOS Class may not change as a result of resizing',
  ]);
  const more = { ...size('1', '1Mi'), 'ephemeral-storage': '1Gi' };
  t.same(problems(sized({ requests: more, limits: size('2', '2Mi') })), [
    'spec: Forbidden: only cpu and memory resources are mutable',
  ]);
});

t.test('init containers that end are not resized, sidecars are', async (t) => {
  const init = (memory: string, restartPolicy?: string): core.Container => ({
    name: 'i',
    image: 'i',
    resources: { requests: { memory } },
    ...(restartPolicy ? { restartPolicy } : {}),
  });
  const { resources = {} } = before.spec.containers[0] ?? {};
  t.same(problems(sized(resources, [init('2Mi')]), sized(resources, [init('1Mi')])), [
    'spec: Forbidden: resources for non-sidecar init containers are immutable',
  ]);
  const sidecars = (memory: string) => sized(resources, [init(memory, 'Always')]);
  t.same(problems(sidecars('2Mi'), sidecars('1Mi')), []);
});

t.test('a static pod is resized by its file alone', async (t) => {
  const mirror = structuredClone(before);
  mirror.metadata.annotations = { 'kubernetes.io/config.mirror': 'x' };
  t.same(problems(mirror, mirror), [': Forbidden: static pods cannot be resized']);
});

t.test('policies name CPU or memory once, and no restart where nothing restarts', async (t) => {
  const words = (resizePolicy: object[], podPolicy = 'Always') =>
    validateResizePolicies({ name: 'c', resizePolicy } as core.Container, podPolicy, 'c').map(
      ({ field, message }) => `${field}: ${message}`,
    );
  const restart = { resourceName: 'memory', restartPolicy: 'RestartContainer' };
  t.same(words([restart, { resourceName: 'cpu', restartPolicy: 'NotRequired' }]), []);
  t.same(words([restart, restart]), ['c.resizePolicy[1]: Duplicate value: "memory"']);
  t.match(words([restart], 'Never'), [/must be 'NotRequired' when `restartPolicy` is 'Never'/]);
  t.match(words([{ resourceName: 'disk', restartPolicy: 'Perhaps' }]), [
    /resourceName: Unsupported value: "disk"/,
    /restartPolicy: Unsupported value: "Perhaps"/,
  ]);
});
