import t from 'tap';
import type { core, Pod } from '../../../../src/api/objects.ts';
import { setPodDefaults } from '../../../../src/api/pod-spec/defaults.ts';
import { validateMirrorMark, validatePodSpecUpdate } from '../../../../src/api/pod-spec/validate-update.ts';
import { makePod } from '../../../support/make-pod.ts';

const base = (): core.PodSpec => {
  const spec: core.PodSpec = {
    containers: [{ name: 'c', image: 'i:1' }],
    initContainers: [{ name: 'd', image: 'i:1' }],
    tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute' }],
    activeDeadlineSeconds: 100,
  };
  setPodDefaults(spec);
  return spec;
};

function problems(change: (spec: core.PodSpec) => void): string[] {
  const next = base();
  change(next);
  return validatePodSpecUpdate(next, base()).map((e) => `${e.field}: ${e.message}`);
}

t.test('images, the deadline downwards and more tolerations may change', async (t) => {
  t.same(
    problems((spec) => {
      spec.containers[0]!.image = 'i:2';
      spec.initContainers![0]!.image = 'i:2';
      spec.activeDeadlineSeconds = 50;
      spec.tolerations![0]!.tolerationSeconds = 10;
      spec.tolerations!.push({ key: 'b', operator: 'Exists' });
    }),
    [],
  );
});

t.test('everything else stays as it is', async (t) => {
  const rule = /^spec: Forbidden: pod updates may not change fields other than/;
  t.match(problems((spec) => (spec.nodeName = 'n'))[0], rule);
  t.match(problems((spec) => (spec.containers[0]!.command = ['x']))[0], rule);
  t.match(problems((spec) => (spec.containers[0]!.name = 'x'))[0], rule);
  t.match(problems((spec) => delete spec.restartPolicy)[0], rule);
  t.match(problems((spec) => spec.containers.push({ name: 'e' }))[0], /may not add or remove containers/);
  t.match(problems((spec) => (spec.tolerations = []))[0], /existing toleration can not be modified/);
  t.match(problems((spec) => (spec.activeDeadlineSeconds = 200))[0], /less than or equal to previous value/);
  t.match(
    problems((spec) => delete spec.activeDeadlineSeconds)[0],
    /must not update from a positive integer/,
  );
});

t.test('which static pod a mirror shows is said when it is made, and never again', async (t) => {
  const pod = makePod();
  const marked = (mark?: string): Pod => {
    const annotations: Record<string, string> = mark ? { 'kubernetes.io/config.mirror': mark } : {};
    return { ...pod, metadata: { ...pod.metadata, annotations } };
  };
  const words = (next: Pod, previous: Pod) =>
    validateMirrorMark(next, previous).map(({ message }) => message);
  t.same(words(marked('a'), marked('a')), []);
  t.same(words(marked('a'), marked()), ['Forbidden: may not add mirror pod annotation']);
  t.same(words(marked('b'), marked('a')), ['Forbidden: may not remove or update mirror pod annotation']);
  t.same(words(marked(), marked('a')), ['Forbidden: may not remove or update mirror pod annotation']);
});
