// The counts of listeners, summed for each Service. Pure.
import type { ConnectionCounts } from './connections.ts';
import type { ServiceCounts } from './thread-messages.ts';

interface Counted {
  readonly serviceKey: string;
  readonly counts: ConnectionCounts;
}

export function countsByService(listeners: Iterable<Counted>): ServiceCounts[] {
  const sums = new Map<string, ServiceCounts>();
  for (const { serviceKey, counts } of listeners) {
    const sum = sums.get(serviceKey);
    sums.set(serviceKey, sum ? add(sum, counts) : { serviceKey, ...counts });
  }
  return [...sums.values()];
}

function add(sum: ServiceCounts, more: ConnectionCounts): ServiceCounts {
  return {
    serviceKey: sum.serviceKey,
    accepted: sum.accepted + more.accepted,
    refused: sum.refused + more.refused,
    active: sum.active + more.active,
    bytesUp: sum.bytesUp + more.bytesUp,
    bytesDown: sum.bytesDown + more.bytesDown,
  };
}
