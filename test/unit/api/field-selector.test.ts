import t from 'tap';
import { matchesFields, parseFieldSelector } from '../../../src/api/field-selector.ts';
import { nodes } from '../../../src/api/kinds/node.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import type { KindDefinition } from '../../../src/api/scheme.ts';

const podKind = pods as unknown as KindDefinition;
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', namespace: 'ns', uid: '', resourceVersion: '', creationTimestamp: '' },
  spec: { nodeName: 'n1' },
  status: { phase: 'Running' },
};
const matches = (text: string) => matchesFields(parseFieldSelector(text, podKind), podKind, pod);

t.test('fields are compared as text, all of them', async (t) => {
  t.ok(matches(''));
  t.ok(matches('metadata.name=a'));
  t.ok(matches('metadata.name==a,metadata.namespace=ns'));
  t.ok(matches('spec.nodeName=n1,status.phase!=Failed'));
  t.notOk(matches('spec.nodeName='));
  t.ok(matches('status.podIP='), 'an absent field is empty');
  t.notOk(matches('metadata.name=a,status.phase=Pending'));
});

t.test('a field that the kind does not offer, or text that is no selector, is a bad request', async (t) => {
  t.throws(() => matches('spec.foo=x'), { code: 400, message: 'field label not supported: spec.foo' });
  t.throws(() => matches('metadata.name'), { code: 400 });
  t.throws(() => matches('toString=x'), { code: 400 });
});

t.test('an absent boolean compares as false', async (t) => {
  const kind = nodes as unknown as KindDefinition;
  const node = { ...pod, kind: 'Node', spec: {} };
  t.ok(matchesFields(parseFieldSelector('spec.unschedulable=false', kind), kind, node));
  t.notOk(matchesFields(parseFieldSelector('spec.unschedulable=true', kind), kind, node));
});
