import t from 'tap';
import type { core } from '../../../../src/api/objects.ts';
import { mountApiAccess } from '../../../../src/apiserver/admission/api-access-volume.ts';

const mounted = (spec: core.PodSpec) => {
  mountApiAccess(spec, (base) => `${base}abcde`);
  return spec;
};

t.test('a volume without a name is left to validation', async (t) => {
  const volumes = [{} as core.Volume];
  const spec = mounted({ containers: [{ name: 'a' }], volumes });
  t.same(
    spec.volumes?.map(({ name }) => name),
    [undefined, 'kube-api-access-abcde'],
  );
});

t.test('a volume that is there already is mounted and not made again', async (t) => {
  const volumes = [{ name: 'kube-api-access-zzzzz' }];
  const spec = mounted({ containers: [{ name: 'a' }], volumes });
  t.equal(spec.volumes?.length, 1);
  t.equal(spec.containers[0]?.volumeMounts?.[0]?.name, 'kube-api-access-zzzzz');
});
