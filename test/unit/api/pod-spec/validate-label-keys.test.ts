// Words are from upstream's pkg/apis/core/validation.
import t from 'tap';
import type { core } from '../../../../src/api/objects.ts';
import { validateScheduling } from '../../../../src/api/pod-spec/validate-scheduling.ts';

const spread = (constraint: Partial<core.TopologySpreadConstraint>): core.PodSpec => ({
  containers: [],
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', ...constraint },
  ],
});
const apart = (term: Partial<core.PodAffinityTerm>): core.PodSpec => ({
  containers: [],
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', ...term }],
    },
  },
});
const labelSelector = {
  matchLabels: { app: 'web' },
  matchExpressions: [{ key: 'tier', operator: 'Exists' }],
};
const told = (spec: core.PodSpec) =>
  validateScheduling(spec, 'spec').map(({ field, message }) => `${field}: ${message}`);
const CONSTRAINT = 'spec.topologySpreadConstraints[0]';
const TERM = 'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]';

t.test('keys whose values a pod takes over need a selector, a name, and to be new', async (t) => {
  t.same(told(spread({ labelSelector, matchLabelKeys: ['pod-template-hash'] })), []);
  t.same(told(spread({ matchLabelKeys: ['pod-template-hash'] })), [
    `${CONSTRAINT}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set`,
  ]);
  // As a pod is when it comes here: its own values were added to the selector.
  const own = ['app', 'tier', 'hash'].map((key) => ({ key, operator: 'In', values: ['x'] }));
  const added = { ...labelSelector, matchExpressions: [...labelSelector.matchExpressions, ...own] };
  t.match(told(spread({ labelSelector: added, matchLabelKeys: ['hash', 'app', 'tier', 'not a name'] })), [
    /matchLabelKeys\[3\]: Invalid value: "not a name"/,
    `${CONSTRAINT}[1]: Invalid value: "app": exists in both matchLabelKeys and labelSelector`,
    `${CONSTRAINT}[2]: Invalid value: "tier": exists in both matchLabelKeys and labelSelector`,
  ]);
});

t.test('those of affinity may not be wanted and unwanted at once', async (t) => {
  t.same(told(apart({ labelSelector, matchLabelKeys: ['a'], mismatchLabelKeys: ['b', 'app'] })), []);
  t.same(told(apart({ labelSelector, matchLabelKeys: ['a'], mismatchLabelKeys: ['a'] })), [
    `${TERM}.matchLabelKeys[0]: Invalid value: "a": exists in both matchLabelKeys and mismatchLabelKeys`,
  ]);
  t.same(told(apart({ mismatchLabelKeys: ['a'] })), [
    `${TERM}.mismatchLabelKeys: Forbidden: must not be specified when labelSelector is not set`,
  ]);
});
