// Jobs: unless its author chose one, a job gets a selector of its own, by its uid, so that no two share pods.
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-labels
import { isDeepStrictEqual } from 'node:util';
import { NAME_LABELS, UID_LABELS } from '../../api/kinds/job-rules.ts';
import type { Job } from '../../api/objects.ts';
import type { Strategy } from '../registry/strategy.ts';

export class JobStrategy implements Strategy<Job> {
  /** A label that the author set already is left to validation, which refuses it when it is another job's. */
  prepareForCreate(next: Job): void {
    if (next.spec.manualSelector) return;
    const { uid, name } = next.metadata;
    const { template } = next.spec;
    const generated = Object.fromEntries([
      ...UID_LABELS.map((label) => [label, uid]),
      ...NAME_LABELS.map((label) => [label, name]),
    ]);
    const inherits = isDeepStrictEqual(next.metadata.labels ?? {}, template.metadata?.labels ?? {});
    const labels = { ...generated, ...template.metadata?.labels };
    template.metadata = { ...template.metadata, labels };
    const [, uidLabel] = UID_LABELS;
    next.spec.selector = {
      ...next.spec.selector,
      matchLabels: { [uidLabel]: uid, ...next.spec.selector?.matchLabels },
    };
    // As upstream shows it: a job without labels of its own has those of its pods.
    if (inherits) next.metadata.labels = { ...labels };
  }
}
