// The functions that Kubernetes adds to the language, as far as the library does not have them.
// https://kubernetes.io/docs/reference/using-api/cel/#cel-options-language-features-and-libraries
import type { Environment } from '@marcbachmann/cel-js';

export function addFunctions(environment: Environment): void {
  addListFunctions(environment);
}

type Ordered = string | number | bigint | boolean | Date;

function addListFunctions(environment: Environment): void {
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
  if (first === undefined) throw new RangeError(`${name} called on empty list`);
  return rest.reduce((best, item) => (isBetter(item, best) ? item : best), first);
}
