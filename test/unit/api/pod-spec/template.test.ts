// Pod templates and the selectors that belong to them.
import t from 'tap';
import { selectorFromObject } from '../../../../src/api/label-selector.ts';
import type { core, meta } from '../../../../src/api/objects.ts';
import {
  podNameWarnings,
  setTemplateDefaults,
  validateAlwaysRunning,
  validateSelected,
  validateTemplate,
} from '../../../../src/api/pod-spec/template.ts';
import {
  validateLabelSelector,
  validateOwnSelector,
} from '../../../../src/api/pod-spec/validate-selector.ts';
import type { FieldError } from '../../../../src/api/status-error.ts';

const lines = (errors: FieldError[]) => errors.map(({ field, message }) => `${field}: ${message}`);

function template(spec: object = {}, labels?: Record<string, string>): core.PodTemplateSpec {
  const made = {
    ...(labels ? { metadata: { labels } } : {}),
    spec: { containers: [{ name: 'a', image: 'a:1' }], ...spec },
  };
  setTemplateDefaults(made);
  return made;
}

t.test('a template is checked as a pod is, at the place where it stands', async (t) => {
  t.same(validateTemplate(template(), 't'), []);
  const none = {};
  setTemplateDefaults(none);
  t.same(lines(validateTemplate(none, 't')), ['t.spec.containers: Required value']);
  t.match(lines(validateTemplate(template({}, { 'a b': 'c' }), 't')), [/^t\.labels: Invalid value: "a b"/]);
  const ephemeralContainers = [{ name: 'e', image: 'e:1' }];
  t.same(lines(validateTemplate(template({ ephemeralContainers }), 't')), [
    't.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template',
  ]);
});

t.test('a selector must find the pods, and a missing one finds none', async (t) => {
  const pods = template({}, { app: 'a' });
  const selected = (selector?: meta.LabelSelector) =>
    validateSelected(pods, selectorFromObject(selector), 't');
  t.same(selected({ matchLabels: { app: 'a' } }), []);
  t.same(selected({ matchExpressions: [{ key: 'app', operator: 'Exists' }] }), []);
  const mismatch = [
    't.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
  ];
  t.same(lines(selected({ matchLabels: { app: 'b' } })), mismatch);
  t.same(lines(selected()), mismatch);
});

t.test('pods that are kept running restart always and have no deadline', async (t) => {
  t.same(validateAlwaysRunning(template(), 'DaemonSet', 't'), []);
  t.same(
    lines(validateAlwaysRunning(template({ restartPolicy: 'Never', activeDeadlineSeconds: 1 }), 'X', 't')),
    [
      't.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      't.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in X is not Supported',
    ],
  );
});

t.test('selectors have known operators, with values where they need some', async (t) => {
  const problems = (operator: string, values?: string[]) =>
    lines(
      validateLabelSelector(
        { matchExpressions: [{ key: 'a', operator, ...(values ? { values } : {}) }] },
        's',
      ),
    );
  t.same(problems('In', ['x']), []);
  t.same(problems('In'), [
    "s.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
  ]);
  t.same(problems('Exists', ['x']), [
    "s.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
  ]);
  t.same(problems('Gt', ['1']), [
    's.matchExpressions[0].operator: Invalid value: "Gt": not a valid selector operator',
  ]);
  t.match(problems('In', ['a b']), [/^s\.matchExpressions\[0\]\.values\[0\]: Invalid value: "a b"/]);
});

t.test('an owner needs a selector that is not empty', async (t) => {
  t.same(lines(validateOwnSelector(undefined, 'deployment', 's')), ['s: Required value']);
  t.same(lines(validateOwnSelector({}, 'deployment', 's')), [
    's: Invalid value: {}: empty selector is invalid for deployment',
  ]);
});

t.test('a name that is no host name is warned about', async (t) => {
  t.same(podNameWarnings('web-1'), []);
  t.match(podNameWarnings('web.1'), [/^metadata\.name: this is used in Pod names and hostnames/]);
});
