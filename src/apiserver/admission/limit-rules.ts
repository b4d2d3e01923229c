// The rules of one item of a LimitRange, each broken one a sentence in upstream's words. Pure.
import type { core, PersistentVolumeClaim } from '../../api/objects.ts';
import { amountsWithoutOverhead } from '../../api/pod-requests.ts';
import { compareQuantities, formatQuantity, type Quantity, tryParseQuantity } from '../../api/quantity.ts';

type Item = core.LimitRangeItem;
type Amounts = ReadonlyMap<string, Quantity>;

interface Asked {
  requests: Amounts;
  limits: Amounts;
}

export function podProblems(item: Item, spec: core.PodSpec): string[] {
  if (item.type === 'Pod') {
    const requests = amountsWithoutOverhead(spec, 'requests');
    return problems(item, { requests, limits: amountsWithoutOverhead(spec, 'limits') });
  }
  if (item.type !== 'Container') return [];
  return [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
    problems(item, { requests: amounts(resources?.requests), limits: amounts(resources?.limits) }),
  );
}

export function claimProblems(item: Item, { spec }: PersistentVolumeClaim): string[] {
  if (item.type !== 'PersistentVolumeClaim') return [];
  const asked = { requests: amounts(spec.resources?.requests), limits: new Map() };
  return [
    ...each(item.min, (name, least) => tooLittle(item.type, name, least, asked)),
    ...each(item.max, (name, most) => {
      const head = `maximum ${name} usage per ${item.type} is ${formatQuantity(most)}`;
      const request = asked.requests.get(name);
      if (!request) return `${head}.  No request is specified`;
      return compareQuantities(request, most) > 0
        ? `${head}, but request is ${formatQuantity(request)}`
        : undefined;
    }),
  ];
}

function problems(item: Item, asked: Asked): string[] {
  return [
    ...each(item.min, (name, least) => tooLittle(item.type, name, least, asked)),
    ...each(item.max, (name, most) => tooMuch(item.type, name, most, asked)),
    ...each(item.maxLimitRequestRatio, (name, ratio) => tooFarApart(item.type, name, ratio, asked)),
  ];
}

function tooLittle(type: string, name: string, least: Quantity, asked: Asked): string | undefined {
  const head = `minimum ${name} usage per ${type} is ${formatQuantity(least)}`;
  const request = asked.requests.get(name);
  const limit = asked.limits.get(name);
  if (!request) return `${head}.  No request is specified`;
  if (compareQuantities(request, least) < 0) return `${head}, but request is ${formatQuantity(request)}`;
  if (limit && compareQuantities(limit, least) < 0) return `${head}, but limit is ${formatQuantity(limit)}`;
  return undefined;
}

function tooMuch(type: string, name: string, most: Quantity, asked: Asked): string | undefined {
  const head = `maximum ${name} usage per ${type} is ${formatQuantity(most)}`;
  const request = asked.requests.get(name);
  const limit = asked.limits.get(name);
  if (!limit) return `${head}.  No limit is specified`;
  if (compareQuantities(limit, most) > 0) return `${head}, but limit is ${formatQuantity(limit)}`;
  if (request && compareQuantities(request, most) > 0)
    return `${head}, but request is ${formatQuantity(request)}`;
  return undefined;
}

function tooFarApart(type: string, name: string, ratio: Quantity, asked: Asked): string | undefined {
  const head = `${name} max limit to request ratio per ${type} is ${formatQuantity(ratio)}`;
  const request = asked.requests.get(name)?.nanos ?? 0n;
  const limit = asked.limits.get(name)?.nanos ?? 0n;
  if (request === 0n) return `${head}, but no request is specified or request is 0`;
  if (limit === 0n) return `${head}, but no limit is specified or limit is 0`;
  const isOver = limit * 10n ** 9n > ratio.nanos * request;
  return isOver
    ? `${head}, but provided ratio is ${(Number(limit) / Number(request)).toFixed(6)}`
    : undefined;
}

type Limits = Readonly<Record<string, string>> | undefined;

function each(limits: Limits, problem: (name: string, amount: Quantity) => string | undefined): string[] {
  return [...amounts(limits)].flatMap(([name, amount]) => problem(name, amount) ?? []);
}

function amounts(list: Limits): Map<string, Quantity> {
  const found = new Map<string, Quantity>();
  for (const [name, text] of Object.entries(list ?? {})) {
    const quantity = tryParseQuantity(text);
    if (quantity) found.set(name, quantity);
  }
  return found;
}
