// `isQuantity` and `quantity`: amounts such as `1.5Gi`, compared and added as what they stand for.
// Source: k8s.io/apiserver/pkg/cel/library/quantity.go
import type { Environment } from '@marcbachmann/cel-js';
import { tryParseQuantity } from '../../../quantity.ts';
import { fail } from './fail.ts';

const NANOS = 10n ** 9n;

class RuleQuantity {
  readonly #nanos: bigint;

  constructor(nanos: bigint) {
    this.#nanos = nanos;
  }

  get nanos(): bigint {
    return this.#nanos;
  }
}

export function addQuantityFunctions(environment: Environment): void {
  const name = 'kubernetes.Quantity';
  const method = (signature: string, does: (own: bigint, other: bigint) => unknown) =>
    environment.registerFunction(`${name}.${signature}`, (own: RuleQuantity, other?: RuleQuantity | bigint) =>
      does(own.nanos, typeof other === 'bigint' ? other * NANOS : (other?.nanos ?? 0n)),
    );
  environment
    .registerType(name, RuleQuantity)
    .registerOperator(`${name} == ${name}`, (a: RuleQuantity, b: RuleQuantity) => a.nanos === b.nanos)
    .registerFunction('isQuantity(string): bool', (text: string) => tryParseQuantity(text) !== undefined)
    .registerFunction(`quantity(string): ${name}`, quantityOf);
  method('isInteger(): bool', (own) => own % NANOS === 0n);
  method('asInteger(): int', asInteger);
  method('asApproximateFloat(): double', (own) => Number(own) / Number(NANOS));
  method('sign(): int', (own) => order(own, 0n));
  method(`isGreaterThan(${name}): bool`, (own, other) => own > other);
  method(`isLessThan(${name}): bool`, (own, other) => own < other);
  method(`compareTo(${name}): int`, order);
  for (const operand of [name, 'int']) {
    method(`add(${operand}): ${name}`, (own, other) => new RuleQuantity(own + other));
    method(`sub(${operand}): ${name}`, (own, other) => new RuleQuantity(own - other));
  }
}

const order = (a: bigint, b: bigint): bigint => (a === b ? 0n : a < b ? -1n : 1n);

const asInteger = (nanos: bigint): bigint =>
  nanos % NANOS === 0n ? nanos / NANOS : fail('cannot convert value to integer');

function quantityOf(text: string): RuleQuantity {
  const quantity = tryParseQuantity(text) ?? fail(`quantity: unable to parse ${JSON.stringify(text)}`);
  return new RuleQuantity(quantity.nanos);
}
