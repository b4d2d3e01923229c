// What a rule allows, and when rules cover another: against pairs written by hand, and against each other.
import fc from 'fast-check';
import type { PolicyRule } from 'kubernetes-types/rbac/v1.js';
import t from 'tap';
import type { Attributes } from '../../../../src/apiserver/auth/attributes.ts';
import { describeRule, ruleAllows, uncovered } from '../../../../src/apiserver/auth/rules.ts';

const rule = (
  apiGroups: string[],
  resources: string[],
  verbs: string[],
  resourceNames?: string[],
): PolicyRule => ({
  apiGroups,
  resources,
  verbs,
  ...(resourceNames ? { resourceNames } : {}),
});

const ask = (verb: string, group: string, resource: string, name = ''): Attributes => {
  const [plural = '', subresource = ''] = resource.split('/');
  return { verb, group, version: 'v1', resource: plural, subresource, namespace: 'n', name };
};

t.test('a rule allows its verbs on its resources and no others', async (t) => {
  const pods = rule([''], ['pods'], ['get', 'list']);
  t.ok(ruleAllows(pods, ask('get', '', 'pods')));
  t.notOk(ruleAllows(pods, ask('delete', '', 'pods')));
  t.notOk(ruleAllows(pods, ask('get', 'apps', 'pods')));
  t.notOk(ruleAllows(pods, ask('get', '', 'pods/log')), 'a subresource is a resource of its own');
  t.notOk(ruleAllows(pods, { verb: 'get', path: '/pods' }));
});

t.test('stars stand for all, and for one subresource of all', async (t) => {
  t.ok(ruleAllows(rule(['*'], ['*'], ['*']), ask('approve', 'x.io', 'things/approval', 'a')));
  const scales = rule(['*'], ['*/scale'], ['update']);
  t.ok(ruleAllows(scales, ask('update', 'apps', 'deployments/scale')));
  t.notOk(ruleAllows(scales, ask('update', 'apps', 'deployments')));
  t.notOk(ruleAllows(rule([''], ['pod*'], ['get']), ask('get', '', 'pods')), 'no star inside a word');
});

t.test('a rule with names allows only objects of these names', async (t) => {
  const one = rule([''], ['secrets'], ['get', 'list'], ['a']);
  t.ok(ruleAllows(one, ask('get', '', 'secrets', 'a')));
  t.notOk(ruleAllows(one, ask('get', '', 'secrets', 'b')));
  t.notOk(ruleAllows(one, ask('list', '', 'secrets')), 'nor the list of all');
});

t.test('paths match whole, or by a star at the end', async (t) => {
  const paths: PolicyRule = { verbs: ['get'], nonResourceURLs: ['/healthz', '/api/*'] };
  t.ok(ruleAllows(paths, { verb: 'get', path: '/healthz' }));
  t.ok(ruleAllows(paths, { verb: 'get', path: '/api/v1' }));
  t.notOk(ruleAllows(paths, { verb: 'get', path: '/healthz/ping' }));
  t.notOk(ruleAllows(paths, { verb: 'post', path: '/healthz' }));
});

t.test('what is not covered is told part by part', async (t) => {
  const owned = [rule([''], ['pods'], ['get']), rule([''], ['secrets'], ['get'], ['a'])];
  t.same(uncovered(owned, [rule([''], ['pods'], ['get'])]), []);
  t.same(uncovered(owned, [rule([''], ['pods', 'nodes'], ['get'])]), [rule([''], ['nodes'], ['get'])]);
  t.same(uncovered(owned, [rule([''], ['secrets'], ['get'], ['a'])]), []);
  t.equal(uncovered(owned, [rule([''], ['secrets'], ['get'])]).length, 1, 'one name is not all');
  t.equal(uncovered(owned, [rule(['*'], ['pods'], ['get'])]).length, 1, 'one group is not all');
  t.equal(describeRule(rule([''], ['pods'], ['get'])), '{APIGroups:[""], Resources:["pods"], Verbs:["get"]}');
});

t.test('rules that cover another allow all that it allows', async (t) => {
  const some = (values: string[]) => fc.subarray(values, { minLength: 1 });
  const anyRule = fc
    .tuple(
      some(['', 'apps', '*']),
      some(['pods', 'pods/log', '*/log', '*']),
      some(['get', 'list', '*']),
      fc.subarray(['a', 'b']),
    )
    .map(([groups, resources, verbs, names]) =>
      rule(groups, resources, verbs, names.length ? names : undefined),
    );
  const anything = fc
    .tuple(
      fc.constantFrom('get', 'list', 'delete'),
      fc.constantFrom('', 'apps'),
      fc.constantFrom('pods', 'pods/log', 'nodes', 'nodes/log'),
      fc.constantFrom('', 'a', 'b'),
    )
    .map(([verb, group, resource, name]) => ask(verb, group, resource, name));
  let covered = 0;
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 3 }), anyRule, anything, (owned, wanted, attributes) => {
      if (uncovered(owned, [wanted]).length > 0) return true;
      covered += 1;
      return !ruleAllows(wanted, attributes) || owned.some((one) => ruleAllows(one, attributes));
    }),
    { numRuns: 3000 },
  );
  t.ok(covered > 100, `${covered} covered`);
});
