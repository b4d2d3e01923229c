// ResourceQuota, LimitRange and PodDisruptionBudget: what they count and bound.
import t from 'tap';
import { cell, objectOf, problems, updateProblems } from '../../../support/kind-problems.ts';

const quota = (spec: object) => ({ spec });

t.test('a quota counts resources and objects, custom ones by count/', async (t) => {
  const hard = {
    pods: '5',
    'requests.cpu': '500m',
    'count/widgets.example.com': '3',
    'requests.example.com/gpu': '1',
    'gold.storageclass.storage.k8s.io/requests.storage': '5Gi',
    'hugepages-2Mi': '2Mi',
  };
  t.same(problems('quota', quota({ hard })), []);
  t.same(problems('quota', quota({ hard: { 'count/pods': '0.5', memory: '-1' } })), [
    'spec.hard[count/pods]: Invalid value: "0.5": must be an integer',
    'spec.hard[memory]: Invalid value: "-1": must be greater than or equal to 0',
  ]);
});

t.test('scopes narrow what pods use, and not two opposite ways', async (t) => {
  t.same(problems('quota', quota({ hard: { pods: '1', 'limits.cpu': '1' }, scopes: ['NotBestEffort'] })), []);
  t.same(problems('quota', quota({ hard: { secrets: '1' }, scopes: ['Terminating'] })), [
    'spec.scopes: Invalid value: ["Terminating"]: unsupported scope applied to resource',
  ]);
  t.same(problems('quota', quota({ scopes: ['Terminating', 'NotTerminating', 'Sometimes'] })), [
    'spec.scopes[2]: Invalid value: "Sometimes": unsupported scope',
    'spec.scopes: Invalid value: ["Terminating","NotTerminating","Sometimes"]: conflicting scopes',
  ]);
  t.same(updateProblems('quota', quota({ scopes: ['A', 'B'] }), quota({ scopes: ['B', 'A'] })), []);
});

t.test('a scope selector has operators with the values that they need', async (t) => {
  const selected = (requirement: object) =>
    problems('quota', quota({ scopeSelector: { matchExpressions: [requirement] } }));
  const at = 'spec.scopeSelector.matchExpressions';
  t.same(selected({ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }), []);
  t.same(selected({ scopeName: 'PriorityClass', operator: 'In' }), [
    `${at}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`,
  ]);
  t.match(selected({ scopeName: 'BestEffort', operator: 'In', values: ['a'] }), [
    /^spec\.scopeSelector\.matchExpressions\.operator: Invalid value: "In": must be 'Exist' only operator/,
  ]);
  t.same(selected({ scopeName: 'PriorityClass', operator: 'Near' }), [
    `${at}.operator: Invalid value: "Near": not a valid selector operator`,
  ]);
});

t.test('a quota shows requests and limits apart', async (t) => {
  const status = { hard: { pods: '10', 'limits.cpu': '2', 'requests.cpu': '1' }, used: { pods: '3' } };
  t.equal(cell('quota', 'Request', { status }), 'pods: 3/10, requests.cpu: 0/1');
  t.equal(cell('quota', 'Limit', { status }), 'limits.cpu: 0/2');
});

const range = (item: object) => ({ spec: { limits: [{ type: 'Container', ...item }] } });

t.test('a limit range fills limits from the maximum, requests from the limit or the minimum', async (t) => {
  const item = { max: { cpu: '2' }, min: { cpu: '100m', memory: '1Mi' }, default: { memory: '1Gi' } };
  t.match(objectOf('limits', range(item)).object, {
    spec: {
      limits: [{ default: { cpu: '2', memory: '1Gi' }, defaultRequest: { cpu: '2', memory: '1Gi' } }],
    },
  });
  t.match(objectOf('limits', range({ min: { cpu: '1' } })).object, {
    spec: { limits: [{ default: undefined, defaultRequest: { cpu: '1' } }] },
  });
  const pod = { spec: { limits: [{ type: 'Pod', max: { cpu: '2' } }] } };
  t.match(objectOf('limits', pod).object, { spec: { limits: [{ default: undefined }] } });
});

t.test('its bounds agree with each other', async (t) => {
  const at = 'spec.limits[0]';
  t.same(problems('limits', range({ max: { cpu: '1' }, default: { cpu: '2' } })), [
    `${at}.defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than max value 1`,
    `${at}.default[cpu]: Invalid value: "2": default value 2 is greater than max value 1`,
  ]);
  t.same(
    problems('limits', range({ min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '3' } })),
    [`${at}.maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000`],
  );
  t.same(problems('limits', range({ maxLimitRequestRatio: { cpu: '500m' } })), [
    `${at}.maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1`,
  ]);
  const device = { 'a.io/gpu': '2' };
  t.same(problems('limits', range({ default: device, defaultRequest: { 'a.io/gpu': '1' } })), [
    `${at}.defaultRequest[a.io/gpu]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in a.io/gpu`,
  ]);
});

t.test('its types are known, each once, and pods get no defaults', async (t) => {
  const limits = (...items: object[]) => problems('limits', { spec: { limits: items } });
  t.same(limits({ type: 'Board' }), [
    'spec.limits[0].type: Invalid value: "Board": must be a standard limit type or fully qualified',
  ]);
  t.same(limits({ type: 'Pod' }, { type: 'Pod', default: { cpu: '1' } }), [
    'spec.limits[1].type: Duplicate value: "Pod"',
    "spec.limits[1].default: Forbidden: may not be specified when `type` is 'Pod'",
  ]);
  t.same(limits({ type: 'PersistentVolumeClaim' }), [
    'spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided',
  ]);
  t.same(limits({ type: 'Container', max: { paws: '4' } }).slice(0, 1), [
    'spec.limits[0].max[paws]: Invalid value: "paws": must be a standard resource type or fully qualified',
  ]);
});

t.test('a disruption budget says one of two things, at most of all pods', async (t) => {
  t.same(problems('pdb', { spec: { maxUnavailable: 0 } }), []);
  t.same(problems('pdb', { spec: { minAvailable: '200%', unhealthyPodEvictionPolicy: 'Never' } }), [
    'spec.minAvailable: Invalid value: "200%": must not be greater than 100%',
    'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"',
  ]);
});
