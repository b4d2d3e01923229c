import t from 'tap';
import { configMaps } from '../../../src/api/kinds/config-map.ts';
import { namespaces } from '../../../src/api/kinds/namespace.ts';
import { services } from '../../../src/api/kinds/service.ts';
import {
  generatedName,
  nameProblems,
  validateMetadata,
  validateMetadataUpdate,
} from '../../../src/api/metadata.ts';
import type { meta } from '../../../src/api/objects.ts';
import type { KindDefinition } from '../../../src/api/scheme.ts';

const maps = configMaps as unknown as KindDefinition;
const problems = (metadata: meta.ObjectMeta, kind = maps) =>
  validateMetadata(kind, { name: 'a', namespace: 'ns', ...metadata }).map((e) => `${e.field}: ${e.message}`);

t.test('names follow the rule of their kind', async (t) => {
  for (const name of ['a', 'a.b-c', '1a', 'x'.repeat(253)]) t.same(nameProblems('subdomain', name), [], name);
  for (const name of ['', 'A', 'a_b', '-a', 'a-', 'a..b', '.a', 'x'.repeat(254), 'a\n']) {
    t.equal(nameProblems('subdomain', name).length, 1, name);
  }
  t.same(nameProblems('label', 'a-1'), []);
  t.equal(nameProblems('label', 'a.b').length, 1);
  t.equal(nameProblems('label', 'x'.repeat(64)).length, 1);
  t.same(nameProblems('service', 'a1'), []);
  t.equal(nameProblems('service', '1a').length, 1);
  t.equal(services.nameRule, 'service');
});

t.test('what is wrong with metadata is said by field', async (t) => {
  t.same(problems({ labels: { 'example.com/a': 'b', c: '' }, annotations: { 'X.io/Y': 'any text' } }), []);
  t.match(problems({ name: '' })[0], 'metadata.name: Required value: name or generateName is required');
  t.match(problems({ namespace: '' })[0], 'metadata.namespace: Required value');
  t.match(
    problems({ labels: { 'a b': 'c' } })[0],
    /^metadata.labels: Invalid value: "a b": name part must consist/,
  );
  t.match(problems({ labels: { a: '-' } })[0], /^metadata.labels: Invalid value: "-": a valid label must be/);
  t.match(problems({ annotations: { a: 'x'.repeat(262_145) } })[0], /may not be more than 262144 bytes/);
  t.match(
    problems({ finalizers: ['mine'] })[0],
    /neither a standard finalizer name nor is it fully qualified/,
  );
  t.same(problems({ finalizers: ['example.com/mine', 'orphan'] }), []);
  t.match(
    problems({ namespace: 'x' }, namespaces as unknown as KindDefinition)[0],
    'not allowed on this type',
  );
});

t.test('at most one owner is the controller', async (t) => {
  const owner = { apiVersion: 'v1', kind: 'ReplicationController', name: 'a', uid: '1', controller: true };
  t.same(problems({ ownerReferences: [owner, { ...owner, controller: false }] }), []);
  t.match(
    problems({ ownerReferences: [owner, owner] })[0],
    /Only one reference can have Controller set to true/,
  );
  t.match(problems({ ownerReferences: [{ ...owner, uid: '' }] })[0], 'uid must not be empty');
});

t.test('identity does not change, and a dying object gets no new finalizers', async (t) => {
  const before = { name: 'a', uid: '1', resourceVersion: '1', creationTimestamp: 'x', finalizers: ['a.b/c'] };
  t.same(validateMetadataUpdate({ ...before, labels: { a: 'b' } }, before), []);
  t.equal(validateMetadataUpdate({ ...before, uid: '2' }, before)[0]?.field, 'metadata.uid');
  const dying = { ...before, deletionTimestamp: 'x' };
  t.same(validateMetadataUpdate({ ...dying, finalizers: [] }, dying), []);
  t.equal(validateMetadataUpdate({ ...dying, finalizers: ['a.b/c', 'a.b/d'] }, dying).length, 1);
});

t.test('a generated name has five characters more and stays within a label', async (t) => {
  t.match(generatedName('web-', Math.random), /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  t.equal(generatedName('x'.repeat(100), () => 0).length, 63);
  t.equal(
    generatedName('a-', () => 0.999_999),
    'a-99999',
  );
});
