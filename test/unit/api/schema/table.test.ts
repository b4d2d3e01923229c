import t from 'tap';
import { loadSchema } from '../../../../src/api/schema/load-schema.ts';
import { goTypeName, parseFieldSpec } from '../../../../src/api/schema/table.ts';
import { allKinds } from '../../../../src/api/scheme-table.ts';
import { versionsOf } from '../../../../src/api/served-versions.ts';

const schema = await loadSchema();
const field = (message: string, name: string) => schema.message(message).fields.get(name)!;

t.test('patch keys and list types are those that upstream publishes', async (t) => {
  const merging: [string, string, string][] = [
    ['core/v1.PodSpec', 'containers', 'name'],
    ['core/v1.PodSpec', 'volumes', 'name'],
    ['core/v1.PodSpec', 'hostAliases', 'ip'],
    ['core/v1.PodSpec', 'topologySpreadConstraints', 'topologyKey'],
    ['core/v1.Container', 'ports', 'containerPort'],
    ['core/v1.Container', 'volumeMounts', 'mountPath'],
    ['core/v1.Container', 'volumeDevices', 'devicePath'],
    ['core/v1.EphemeralContainer', 'env', 'name'],
    ['core/v1.ServiceSpec', 'ports', 'port'],
    ['core/v1.NodeStatus', 'conditions', 'type'],
    ['meta/v1.ObjectMeta', 'ownerReferences', 'uid'],
  ];
  for (const [message, name, key] of merging) {
    t.match(field(message, name), { patchStrategy: 'merge', mergeKey: key }, `${message}.${name}`);
  }
  t.match(field('meta/v1.ObjectMeta', 'finalizers'), { patchStrategy: 'merge', mergeKey: undefined });
  t.match(field('core/v1.PodSpec', 'tolerations'), { patchStrategy: 'replace', listType: 'atomic' });
  t.equal(field('core/v1.NodeSpec', 'taints').patchStrategy, 'replace');
  t.equal(field('core/v1.PodSpec', 'volumes').retainKeys, true);
  t.match(field('core/v1.ServiceSpec', 'ports'), { listType: 'map', listMapKeys: ['port', 'protocol'] });
  t.equal(field('core/v1.ServiceSpec', 'selector').atomicMap, true);
});

t.test('inlined structs stand in their parent', async (t) => {
  const names = (message: string) => [...schema.message(message).fields.keys()];
  t.ok(names('core/v1.Volume').includes('emptyDir'));
  t.notOk(names('core/v1.Volume').includes('volumeSource'));
  t.ok(names('core/v1.Probe').includes('httpGet'));
  t.same(names('core/v1.SecretKeySelector'), ['name', 'key', 'optional']);
  t.ok(names('core/v1.EphemeralContainer').includes('image'));
});

t.test('numbers and requirement come with each field', async (t) => {
  t.match(field('core/v1.PodSpec', 'containers'), { number: 2, required: true });
  t.match(field('core/v1.PodSpec', 'initContainers'), { number: 20, required: false });
  t.match(field('core/v1.Pod', 'kind'), { number: 0 });
  t.match(field('core/v1.ServicePort', 'targetPort').type, { shape: 'scalar', name: 'IntOrString' });
  t.match(field('core/v1.Secret', 'data').type, { shape: 'map', of: { shape: 'scalar', name: 'bytes' } });
});

t.test('types nest and are written as Go writes them', async (t) => {
  const type = (text: string) => goTypeName(parseFieldSpec(`1 ${text}`, 'core/v1').type);
  t.same(['{}[]string', '[]Container', 'meta/v1.Time2', 'bytes', 'Quantity'].map(type), [
    'map[string][]string',
    '[]v1.Container',
    'v1.Time2',
    '[]uint8',
    'resource.Quantity',
  ]);
});

t.test(
  'every kind that is served is in the table, and so is what its subresources and reviews take',
  async (t) => {
    const bodies = [
      ['policy', 'v1', 'Eviction'],
      ['policy', 'v1beta1', 'Eviction'],
      ['autoscaling', 'v1', 'Scale'],
      ['authentication.k8s.io', 'v1', 'TokenRequest'],
      ['authentication.k8s.io', 'v1', 'TokenReview'],
      ['authorization.k8s.io', 'v1', 'SelfSubjectAccessReview'],
      ['metrics.k8s.io', 'v1beta1', 'PodMetrics'],
      ['meta.k8s.io', 'v1', 'PartialObjectMetadata'],
    ].map(([group = '', version = '', kind = '']) => ({ group, version, kind }));
    for (const kind of [...allKinds.flatMap(versionsOf), ...bodies]) {
      t.ok(schema.has(kind), `${kind.group}/${kind.version} ${kind.kind}`);
    }
  },
);

t.test('JSON schemas in definitions of kinds are any JSON where Go has one shape of several', async (t) => {
  const { type } = field('apiextensions/v1.JSONSchemaProps', 'items');
  t.same(type, { shape: 'scalar', name: 'Any' });
  const properties = field('apiextensions/v1.JSONSchemaProps', 'properties').type;
  t.same(properties, {
    shape: 'map',
    of: { shape: 'message', message: 'apiextensions/v1.JSONSchemaProps' },
  });
  t.ok(field('apiextensions/v1.JSONSchemaProps', 'x-kubernetes-list-map-keys'));
  t.ok(schema.message('apiextensions/v1.JSONSchemaPropsOrBool').fields.has('allows'), 'for protobuf');
});
