// What a pod asks of its node: the sum over its containers, or more where an init container needs more.
// https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
import type { core } from './objects.ts';
import {
  addQuantities,
  compareQuantities,
  milliValue,
  type Quantity,
  tryParseQuantity,
  wholeValue,
} from './quantity.ts';

type Amounts = Map<string, Quantity>;

export interface PodRequests {
  cpuMillis: number;
  memoryBytes: number;
  ephemeralStorageBytes: number;
  /** Everything else by its name, such as `example.com/camera`, in whole units. */
  extended: Readonly<Record<string, number>>;
}

function amountsOf(list: Readonly<Record<string, string>> | undefined): Amounts {
  const amounts: Amounts = new Map();
  for (const [name, text] of Object.entries(list ?? {})) {
    const quantity = tryParseQuantity(text);
    if (quantity) amounts.set(name, quantity);
  }
  return amounts;
}

function add(total: Amounts, more: Amounts): void {
  for (const [name, quantity] of more) {
    const sum = total.get(name);
    total.set(name, sum ? addQuantities(sum, quantity) : quantity);
  }
}

function raiseTo(total: Amounts, least: Amounts): void {
  for (const [name, quantity] of least) {
    const sum = total.get(name);
    if (!sum || compareQuantities(sum, quantity) < 0) total.set(name, quantity);
  }
}

function merged(...parts: Amounts[]): Amounts {
  const total: Amounts = new Map();
  for (const part of parts) add(total, part);
  return total;
}

type ResourceList = Readonly<Record<string, string>>;

/** What a pod may ask for as a whole. Newer than the types at hand. */
const POD_LEVEL = /^(cpu|memory|hugepages-.+)$/;

function ownAmounts(spec: core.PodSpec, which: 'requests' | 'limits'): Amounts {
  const { resources } = spec as { resources?: core.ResourceRequirements };
  return new Map([...amountsOf(resources?.[which])].filter(([name]) => POD_LEVEL.test(name)));
}

/**
 * `max(sum of containers and sidecars, each init container with the sidecars started before it)`, or what the pod
 * says as a whole, `+ overhead`. `assumed` counts for each container that does not say.
 */
function podAmounts(spec: core.PodSpec, which: 'requests' | 'limits', assumed: ResourceList = {}): Amounts {
  const total = amountsWithoutOverhead(spec, which, assumed);
  const overhead = amountsOf(spec.overhead);
  // Where nothing is limited, overhead is no limit.
  const isMeant = (name: string) => which === 'requests' || (total.get(name)?.nanos ?? 0n) > 0n;
  for (const name of overhead.keys()) if (!isMeant(name)) overhead.delete(name);
  add(total, overhead);
  return total;
}

/** As {@link podAmounts}, without the overhead: a LimitRange looks at that alone. */
export function amountsWithoutOverhead(
  spec: core.PodSpec,
  which: 'requests' | 'limits',
  assumed: ResourceList = {},
): Amounts {
  const own = ownAmounts(spec, which);
  const of = (container: core.Container) => amountsOf({ ...assumed, ...container.resources?.[which] });
  const total = merged(...(spec.containers ?? []).map(of));
  const sidecars: Amounts = new Map();
  const peak: Amounts = new Map();
  for (const container of spec.initContainers ?? []) {
    raiseTo(peak, merged(of(container), sidecars));
    if (container.restartPolicy === 'Always') add(sidecars, of(container));
  }
  add(total, sidecars);
  raiseTo(total, peak);
  for (const [name, quantity] of own) total.set(name, quantity);
  return total;
}

/** Whether the pod asks for anything as a whole. */
export const hasOwnAmounts = (spec: core.PodSpec): boolean =>
  ownAmounts(spec, 'requests').size + ownAmounts(spec, 'limits').size > 0;

/** Requests per resource name, exact. */
export function podRequestQuantities(spec: core.PodSpec): ReadonlyMap<string, Quantity> {
  return podAmounts(spec, 'requests');
}

/** Limits per resource name, exact. */
export function podLimitQuantities(spec: core.PodSpec): ReadonlyMap<string, Quantity> {
  return podAmounts(spec, 'limits');
}

/** Requests in the units that a scheduler counts in; `assumed` for containers that do not say, by resource. */
export function podRequests(spec: core.PodSpec, assumed?: ResourceList): PodRequests {
  const amounts = podAmounts(spec, 'requests', assumed);
  const take = (name: string) => {
    const quantity = amounts.get(name);
    amounts.delete(name);
    return quantity;
  };
  const cpu = take('cpu');
  const memory = take('memory');
  const storage = take('ephemeral-storage');
  return {
    cpuMillis: cpu ? milliValue(cpu) : 0,
    memoryBytes: memory ? wholeValue(memory) : 0,
    ephemeralStorageBytes: storage ? wholeValue(storage) : 0,
    extended: Object.fromEntries([...amounts].map(([name, quantity]) => [name, wholeValue(quantity)])),
  };
}
