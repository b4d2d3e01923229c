// Pod Security levels by the namespace's labels: `enforce` refuses pods, `warn` tells whoever writes, also about
// the pods that a template would make. https://kubernetes.io/docs/concepts/security/pod-security-admission/
import type { core, KubeObject } from '../../api/objects.ts';
import { jsonEqual } from '../../api/schema/json.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { forbidden } from '../../api/status-error.ts';
import type { Store } from '../../store/store.ts';
import { storeKey } from '../registry/keys.ts';
import { resourceSubject } from '../registry/prepare.ts';
import { type AdmissionPlugin, isPods, type Warn } from './admission.ts';
import { type Level, violations } from './pod-security-rules.ts';

const LABEL = 'pod-security.kubernetes.io/';
const LEVELS: readonly string[] = ['privileged', 'baseline', 'restricted'];

type Mode = 'enforce' | 'warn';

interface Standard {
  level: Level;
  version: string;
}

export class PodSecurity implements AdmissionPlugin {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  check(kind: KindDefinition, next: KubeObject, previous: KubeObject | undefined, warn: Warn): void {
    if (!kind.namespaced) return;
    const spec = podSpecOf(kind, next);
    if (!spec || (previous && jsonEqual(spec, podSpecOf(kind, previous)))) return;
    const labels = this.#labels(next.metadata.namespace ?? '');
    if (!labels) return;
    const annotations = isPods(kind) ? next.metadata.annotations : undefined;
    const found = ({ level }: Standard) => violations(level, spec, annotations ?? {});
    if (isPods(kind)) {
      const standard = standardOf(labels, 'enforce');
      const broken = standard ? found(standard) : [];
      if (standard && broken.length > 0) {
        throw forbidden(resourceSubject(kind, next.metadata.name), sentence('violates', standard, broken));
      }
    }
    const standard = standardOf(labels, 'warn');
    const broken = standard ? found(standard) : [];
    if (standard && broken.length > 0) warn(sentence('would violate', standard, broken));
  }

  #labels(namespace: string): Readonly<Record<string, string>> | undefined {
    const namespaces = { group: '', plural: 'namespaces', namespaced: false };
    return this.#store.get(storeKey(namespaces, undefined, namespace))?.value.metadata.labels;
  }
}

/** A level that is none holds nobody up, as upstream holds it for `restricted` only on the labels themselves. */
function standardOf(labels: Readonly<Record<string, string>>, mode: Mode): Standard | undefined {
  const level = labels[`${LABEL}${mode}`];
  if (!level || level === 'privileged') return undefined;
  const version = labels[`${LABEL}${mode}-version`] ?? 'latest';
  // An unknown level is taken as the strictest one: a slip of the pen must not open a namespace.
  return { level: (LEVELS.includes(level) ? level : 'restricted') as Level, version };
}

const sentence = (verb: string, { level, version }: Standard, broken: readonly string[]): string =>
  `${verb} PodSecurity "${level}:${version}": ${broken.join(', ')}`;

type Templated = KubeObject & {
  spec?: {
    template?: { spec?: core.PodSpec };
    jobTemplate?: { spec?: { template?: { spec?: core.PodSpec } } };
  };
  template?: { spec?: core.PodSpec };
};

function podSpecOf(kind: KindDefinition, object: KubeObject): core.PodSpec | undefined {
  const { spec, template } = object as Templated;
  if (isPods(kind)) return spec as core.PodSpec;
  if (kind.group === '' && kind.plural === 'podtemplates') return template?.spec;
  if (kind.group === 'batch' && kind.plural === 'cronjobs') return spec?.jobTemplate?.spec?.template?.spec;
  const isWorkload =
    ['apps', 'batch'].includes(kind.group) || (kind.group === '' && kind.plural === 'replicationcontrollers');
  return isWorkload ? spec?.template?.spec : undefined;
}
