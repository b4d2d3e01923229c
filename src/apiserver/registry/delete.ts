// DELETE against the store: one decision that marks an object or removes it.

import type { KubeObject } from '../../api/objects.ts';
import { jsonEqual } from '../../api/schema/json.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { notFound } from '../../api/status-error.ts';
import type { DeleteOptions } from '../../client/client.ts';
import type { Decision, Entry } from '../../store/store.ts';
import { decideDeletion } from './deletion.ts';
import { storeKey } from './keys.ts';
import { checkPreconditions, resourceSubject, stamped } from './prepare.ts';
import { type RegistryContext, strategyOf } from './registry-context.ts';

export interface DeleteResult {
  /** Last state of a removed object; otherwise the object as it waits for its end. */
  object: KubeObject;
  removed: boolean;
}

export type ServerDeleteOptions = DeleteOptions & { dryRun?: boolean | undefined };

export async function deleteObject(
  context: RegistryContext,
  kind: KindDefinition,
  namespace: string | undefined,
  name: string,
  options: ServerDeleteOptions,
): Promise<DeleteResult> {
  const key = storeKey(kind, namespace, name);
  let result: DeleteResult | undefined;
  const decide = (entry: Entry | undefined, revision: number): Decision => {
    const outcome = outcomeOf(context, kind, name, entry, options);
    result = { object: outcome.next, removed: outcome.gone };
    if (!outcome.gone && jsonEqual(outcome.next, entry?.value)) return undefined;
    stamped(outcome.next, revision);
    const change = { kind, key, next: outcome.gone ? undefined : outcome.next, previous: entry?.value };
    // One that stays for its grace is counted until it should be gone.
    const charged = context.admission.accounting.charge(change, false);
    const undo = () => charged.undo();
    return outcome.gone ? { remove: outcome.next, undo } : { put: outcome.next, undo };
  };
  if (options.dryRun) {
    const outcome = outcomeOf(context, kind, name, context.store.get(key), options);
    return { object: outcome.next, removed: outcome.gone };
  }
  await context.store
    .write(key, decide, { volatile: kind.volatile ?? false })
    .finally(() => context.admission.accounting.settled(key, result?.removed ? undefined : result?.object));
  if (!result) throw new Error(`the store decided nothing about ${key}`);
  if (result.removed) strategyOf(context, kind).release?.(result.object);
  return result;
}

function outcomeOf(
  context: RegistryContext,
  kind: KindDefinition,
  name: string,
  entry: Entry | undefined,
  options: ServerDeleteOptions,
) {
  if (!entry) throw notFound(resourceSubject(kind, name));
  checkPreconditions(kind, options.preconditions ?? {}, entry.value.metadata);
  return decideDeletion(kind, strategyOf(context, kind), entry.value, options, context.clock.now());
}
