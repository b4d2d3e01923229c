// How many requests there were and how long they took, by verb and kind, as upstream counts them. Only kinds that are
// served have numbers of their own, so that nobody grows this by asking for what is not there.
// https://kubernetes.io/docs/reference/instrumentation/metrics/
import type { ServedKinds } from '../../api/served-kinds.ts';
import { Histogram } from '../../base/metrics/histogram.ts';
import type { Metric } from '../../base/metrics/metric.ts';
import { type Attributes, isPath } from '../auth/attributes.ts';

interface Labels extends Record<string, string> {
  verb: string;
  group: string;
  version: string;
  resource: string;
  subresource: string;
  scope: string;
}

interface Followed {
  labels: Labels;
  /** By status code. */
  codes: Map<number, number>;
  seconds: Histogram;
}

const BOUNDS_SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30];
const VERBS = new Set('get list watch create update patch delete deletecollection'.split(' '));
const SUBRESOURCES = new Set(
  'status scale log exec attach portforward proxy eviction binding token finalize approval ephemeralcontainers resize'.split(
    ' ',
  ),
);
/** They last as long as their client likes. */
const LONG_RUNNING = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);

export class RequestFigures {
  readonly #kinds: ServedKinds;
  readonly #followed = new Map<string, Followed>();

  constructor(kinds: ServedKinds) {
    this.#kinds = kinds;
  }

  count(attributes: Attributes, code: number, seconds: number): void {
    const labels = this.#labelsOf(attributes);
    const key = Object.values(labels).join(' ');
    let followed = this.#followed.get(key);
    if (!followed) {
      followed = { labels, codes: new Map(), seconds: new Histogram(BOUNDS_SECONDS) };
      this.#followed.set(key, followed);
    }
    followed.codes.set(code, (followed.codes.get(code) ?? 0) + 1);
    if (labels.verb !== 'WATCH' && !LONG_RUNNING.has(labels.subresource)) followed.seconds.observe(seconds);
  }

  metrics(): Metric[] {
    const all = [...this.#followed.values()];
    return [
      {
        name: 'apiserver_request_total',
        help: 'Counter of apiserver requests broken out for each verb, group, version, resource, scope and code.',
        type: 'counter',
        samples: all.flatMap(({ labels, codes }) =>
          [...codes].map(([code, value]) => ({ labels: { ...labels, code }, value })),
        ),
      },
      {
        name: 'apiserver_request_duration_seconds',
        help: 'Response latency distribution in seconds; watches and streams are not in it.',
        type: 'histogram',
        samples: all.flatMap(({ labels, seconds }) => seconds.samples(labels)),
      },
    ];
  }

  #labelsOf(attributes: Attributes): Labels {
    if (isPath(attributes)) return labels(attributes.verb);
    const { verb, group, version, resource, subresource, namespace, name } = attributes;
    if (!this.#kinds.byResource(group, version, resource)) return labels(verb);
    const scope = name ? 'resource' : namespace ? 'namespace' : 'cluster';
    const known = SUBRESOURCES.has(subresource) ? subresource : '';
    return { ...labels(verb), group, version, resource, subresource: known, scope };
  }
}

const labels = (verb: string): Labels => ({
  verb: VERBS.has(verb) ? verb.toUpperCase() : 'other',
  group: '',
  version: '',
  resource: '',
  subresource: '',
  scope: '',
});
