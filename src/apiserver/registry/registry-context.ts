// What every verb of the registry works with.
import type { LazyRules } from '../../api/custom/rules/lazy-rules.ts';
import type { Schema } from '../../api/schema/schema.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import type { Clock } from '../../base/clock.ts';
import type { Store } from '../../store/store.ts';
import type { Admission } from '../admission/admission.ts';
import type { ComponentSource } from '../measured/component-health.ts';
import type { UsageSource } from '../measured/usage-source.ts';
import type { NamespaceGate } from './namespace-gate.ts';
import type { Strategies, Strategy } from './strategy.ts';
import { strategyKey } from './strategy.ts';

export interface RegistryContext {
  store: Store;
  clock: Clock;
  strategies: Strategies;
  gate: NamespaceGate;
  /** Asked for by writes whose fields are recorded. */
  schema(): Promise<Schema>;
  admission: Admission;
  /** Loaded by the first write that meets one. */
  rules: LazyRules;
  /** Behind the kinds that are measured. */
  usage?: UsageSource | undefined;
  components?: ComponentSource | undefined;
  newUid(): string;
  /** 0 ≤ random() < 1; for generated names. */
  random(): number;
}

export function strategyOf(context: RegistryContext, kind: KindDefinition): Strategy {
  return context.strategies.get(strategyKey(kind)) ?? {};
}
