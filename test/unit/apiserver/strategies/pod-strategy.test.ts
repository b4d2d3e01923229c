// What a pod is born with. Source: pkg/registry/core/pod/strategy.go PrepareForCreate
import t from 'tap';
import type { core, Pod } from '../../../../src/api/objects.ts';
import { PodStrategy } from '../../../../src/apiserver/strategies/pod-strategy.ts';
import { makePod } from '../../../support/make-pod.ts';

function born(labels: Record<string, string>, spec: Partial<core.PodSpec>): Pod {
  const pod = makePod({ labels, spec });
  new PodStrategy().prepareForCreate(pod);
  return pod;
}

const is = (key: string, value: string) => ({ key, operator: 'In', values: [value] });
const isNot = (key: string, value: string) => ({ key, operator: 'NotIn', values: [value] });
const labelSelector = { matchLabels: { app: 'web' } };
const keys = { matchLabelKeys: ['hash', 'missing'], mismatchLabelKeys: ['tenant'] };
const labels = { app: 'web', hash: '1', tenant: 'a' };

t.test('matchLabelKeys and mismatchLabelKeys become requirements on its own values', async (t) => {
  const term = { topologyKey: 'zone', labelSelector, ...keys };
  const constraint = {
    maxSkew: 1,
    topologyKey: 'zone',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector,
    matchLabelKeys: ['hash'],
  };
  const given = {
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [term],
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 5, podAffinityTerm: term }],
      },
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] },
    },
    topologySpreadConstraints: [constraint],
  };
  const before = structuredClone(given);
  const { affinity, topologySpreadConstraints } = born(labels, given).spec;
  const added = { ...labelSelector, matchExpressions: [is('hash', '1'), isNot('tenant', 'a')] };
  const { podAffinity, podAntiAffinity } = affinity ?? {};
  t.same(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution, [{ ...term, labelSelector: added }]);
  t.same(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution, [
    { weight: 5, podAffinityTerm: { ...term, labelSelector: added } },
  ]);
  t.same(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution, [
    { ...term, labelSelector: added },
  ]);
  t.same(topologySpreadConstraints, [
    { ...constraint, labelSelector: { ...labelSelector, matchExpressions: [is('hash', '1')] } },
  ]);
  t.same(given, before, 'a template that several pods are made of stays as it is');
});

t.test('a term without a selector, or without such keys, stays as it is', async (t) => {
  const terms = [
    { topologyKey: 'zone', ...keys },
    { topologyKey: 'zone', labelSelector },
  ];
  const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: terms };
  t.same(born(labels, { affinity: { podAntiAffinity } }).spec.affinity, { podAntiAffinity });
});

t.test('a term that is missing is left to validation', async (t) => {
  const wish = [{ weight: 1 }] as unknown as core.WeightedPodAffinityTerm[];
  const podAffinity = { preferredDuringSchedulingIgnoredDuringExecution: wish };
  t.same(born(labels, { affinity: { podAffinity } }).spec.affinity, { podAffinity });
});

t.test('a change that leaves its priority out keeps it', async (t) => {
  const current = makePod({ spec: { priority: 5, preemptionPolicy: 'Never' } });
  const next = makePod();
  new PodStrategy().prepareForUpdate(next, current);
  t.match(next.spec, { priority: 5, preemptionPolicy: 'Never' });
  const other = makePod({ spec: { priority: 6 } });
  new PodStrategy().prepareForUpdate(other, current);
  t.equal(other.spec.priority, 6, 'for validation to refuse');
});
