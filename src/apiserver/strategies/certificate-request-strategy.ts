// CertificateSigningRequests: decided through `approval` alone, signed through `status` alone. Their conditions carry
// the times at which they were written.
import { type CertificateSigningRequest, type certificates, timestamp } from '../../api/objects.ts';
import type { Clock } from '../../base/clock.ts';
import type { Writable } from '../registry/prepare.ts';
import type { Strategy } from '../registry/strategy.ts';
import type { WriteScope } from '../registry/update.ts';

type Condition = certificates.CertificateSigningRequestCondition;

const isDecision = ({ type }: Condition) => type === 'Approved' || type === 'Denied';

export class CertificateRequestStrategy implements Strategy<CertificateSigningRequest> {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  prepareForStatus(
    next: Writable<CertificateSigningRequest>,
    previous: CertificateSigningRequest,
    scope: WriteScope,
  ): void {
    const before = previous.status?.conditions ?? [];
    const wanted = next.status?.conditions ?? [];
    const conditions =
      scope === 'approval'
        ? wanted
        : [...before.filter(isDecision), ...wanted.filter((condition) => !isDecision(condition))];
    const { conditions: _wanted, ...rest } = next.status ?? {};
    next.status = conditions.length > 0 ? { ...rest, conditions: this.#timed(conditions, before) } : rest;
  }

  #timed(conditions: readonly Condition[], before: readonly Condition[]): Condition[] {
    const now = timestamp(this.#clock.now());
    return conditions.map((condition) => {
      const known = before.find(({ type }) => type === condition.type);
      const same = known?.status === condition.status ? known.lastTransitionTime : undefined;
      return {
        ...condition,
        lastUpdateTime: condition.lastUpdateTime ?? now,
        lastTransitionTime: condition.lastTransitionTime ?? same ?? now,
      };
    });
  }
}
