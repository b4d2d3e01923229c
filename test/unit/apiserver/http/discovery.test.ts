import t from 'tap';
import { ServedKinds } from '../../../../src/api/served-kinds.ts';
import { resourceList } from '../../../../src/apiserver/http/discovery.ts';

interface Resource {
  name: string;
  storageVersionHash?: string;
}

const hashOf = (group: string, version: string, plural: string): string | undefined => {
  const { resources } = resourceList(new ServedKinds(), group, version) as { resources: Resource[] };
  return resources.find(({ name }) => name === plural)?.storageVersionHash;
};

t.test('what is stored has the hash that upstream shows for its version', async (t) => {
  t.equal(hashOf('', 'v1', 'pods'), 'xPOwRZ+Yhw8=');
  t.equal(hashOf('apps', 'v1', 'deployments'), '8aSe+NMegvE=');
  t.equal(
    hashOf('batch', 'v1beta1', 'cronjobs'),
    hashOf('batch', 'v1', 'cronjobs'),
    'a view is stored as its kind',
  );
});

t.test('what is never stored, and subresources, have none', async (t) => {
  t.equal(hashOf('metrics.k8s.io', 'v1beta1', 'pods'), undefined);
  t.equal(hashOf('authorization.k8s.io', 'v1', 'subjectaccessreviews'), undefined);
  t.equal(hashOf('', 'v1', 'pods/status'), undefined);
});
