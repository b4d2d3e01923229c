// Functions of lists whose items have an order.
// Source: k8s.io/apiserver/pkg/cel/library/lists.go
import type { Environment } from '@marcbachmann/cel-js';
import { fail } from './fail.ts';

type Ordered = string | number | bigint | boolean | Date;

export function addListFunctions(environment: Environment): void {
  environment
    .registerFunction('list<A>.isSorted(): bool', isSorted)
    .registerFunction('list<int>.sum(): int', (list: bigint[]) => list.reduce((a, b) => a + b, 0n))
    .registerFunction('list<double>.sum(): double', (list: number[]) => list.reduce((a, b) => a + b, 0))
    .registerFunction('list<A>.min(): A', (list: Ordered[]) => extreme(list, 'min', (a, b) => a < b))
    .registerFunction('list<A>.max(): A', (list: Ordered[]) => extreme(list, 'max', (a, b) => a > b))
    .registerFunction('list<A>.indexOf(A): int', (list: unknown[], item: unknown) =>
      BigInt(list.indexOf(item)),
    )
    .registerFunction('list<A>.lastIndexOf(A): int', (list: unknown[], item: unknown) =>
      BigInt(list.lastIndexOf(item)),
    );
}

const isSorted = (list: Ordered[]): boolean => list.every((item, i) => i === 0 || list[i - 1]! <= item);

function extreme(list: Ordered[], name: string, isBetter: (a: Ordered, b: Ordered) => boolean): Ordered {
  const [first, ...rest] = list;
  if (first === undefined) return fail(`${name} called on empty list`);
  return rest.reduce((best, item) => (isBetter(item, best) ? item : best), first);
}
