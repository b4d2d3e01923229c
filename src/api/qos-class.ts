// The quality-of-service class that follows from a pod's requests and limits of CPU and memory.
// https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
import type { core } from './objects.ts';
import { compareQuantities, tryParseQuantity } from './quantity.ts';

type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const COUNTED = ['cpu', 'memory'] as const;

function amount(list: Readonly<Record<string, string>> | undefined, name: string) {
  const quantity = list?.[name] === undefined ? undefined : tryParseQuantity(list[name]);
  return quantity && quantity.nanos > 0n ? quantity : undefined;
}

function isGuaranteed(container: core.Container): boolean {
  return COUNTED.every((name) => {
    const limit = amount(container.resources?.limits, name);
    const request = amount(container.resources?.requests, name) ?? limit;
    return limit !== undefined && request !== undefined && compareQuantities(limit, request) === 0;
  });
}

function asksNothing(container: core.Container): boolean {
  const { requests, limits } = container.resources ?? {};
  return COUNTED.every((name) => !amount(requests, name) && !amount(limits, name));
}

export function qosClass(spec: core.PodSpec): QosClass {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  if (containers.every(asksNothing)) return 'BestEffort';
  return containers.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}
