// What every verb of the registry works with.
import type { KindDefinition } from '../../api/scheme.ts';
import type { Clock } from '../../base/clock.ts';
import type { Store } from '../../store/store.ts';
import type { NamespaceGate } from './namespace-gate.ts';
import type { Strategies, Strategy } from './strategy.ts';
import { strategyKey } from './strategy.ts';

export interface RegistryContext {
  store: Store;
  clock: Clock;
  strategies: Strategies;
  gate: NamespaceGate;
  newUid(): string;
  /** 0 ≤ random() < 1; for generated names. */
  random(): number;
}

export function strategyOf(context: RegistryContext, kind: KindDefinition): Strategy {
  return context.strategies.get(strategyKey(kind)) ?? {};
}
