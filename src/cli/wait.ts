// edgectl wait: until objects have a condition, are gone, or a field has a value.
import type { KubeObject } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import { type ChoosingFlags, type Chosen, chooseObjects, readObject } from './chosen-objects.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, resourceName } from './command-context.ts';
import { durationFlag } from './flag-values.ts';
import { eachOf } from './outcome.ts';
import { poll } from './pause.ts';
import { waitUntilGone } from './wait-until-gone.ts';

export interface WaitFlags extends ChoosingFlags {
  for?: string;
  timeout: string;
}

interface Conditioned extends KubeObject {
  status?: {
    conditions?: { type: string; status: string; observedGeneration?: number }[];
    observedGeneration?: number;
  };
}

type Check = (object: Conditioned) => boolean;

const POLL_MS = 300;

/** `undefined` = until it is gone. @throws CliError */
function waitCheck(text: string | undefined): Check | undefined {
  if (text === 'delete') return undefined;
  const condition = /^condition=([^=]+)(?:=(.+))?$/.exec(text ?? '');
  if (condition) return hasCondition(condition[1] ?? '', condition[2] ?? 'true');
  const path = /^jsonpath=(.+?)(?:=(.*))?$/.exec(text ?? '');
  if (path) return hasField(path[1] ?? '', path[2]);
  throw new CliError(
    `--for takes delete, condition=NAME, condition=NAME=VALUE or jsonpath={.field}=VALUE, not "${text ?? ''}"`,
  );
}

function hasCondition(type: string, status: string): Check {
  return ({ metadata, status: reported }) => {
    const found = reported?.conditions?.find((one) => one.type.toLowerCase() === type.toLowerCase());
    const seen = found?.observedGeneration ?? reported?.observedGeneration;
    // What was said of an older wish does not count.
    if (!found || (seen !== undefined && seen < (metadata.generation ?? 0))) return false;
    return found.status.toLowerCase() === status.toLowerCase();
  };
}

function hasField(expression: string, wanted: string | undefined): Check {
  const path = expression.replace(/^'?\{?|\}?'?$/g, '');
  const names = [...path.matchAll(/\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]/g)];
  if (names.length === 0 || names.map(([whole]) => whole).join('') !== path) {
    throw new CliError(
      `jsonpath "${expression}" is not understood: fields, [0] and ['name'] are, such as {.status.phase}`,
    );
  }
  return (object) => {
    let value: unknown = object;
    for (const [, name, index, quoted] of names) {
      value = (value as Record<string, unknown> | undefined)?.[name ?? quoted ?? index ?? ''];
    }
    return wanted === undefined ? value !== undefined && value !== null : String(value) === wanted;
  };
}

async function waitForOne(
  context: CommandContext,
  chosen: Chosen,
  check: Check | undefined,
  timeoutMs: number,
): Promise<void> {
  const name = resourceName(chosen.resource, chosen.name);
  if (check === undefined) {
    await waitUntilDeleted(context, chosen, timeoutMs);
    await context.io.out(`${name} condition met\n`);
    return;
  }
  const message = `timed out waiting for the condition on ${chosen.resource.plural}/${chosen.name}`;
  await poll(context.io, { intervalMs: POLL_MS, timeoutMs, message }, async () =>
    check(await readObject<Conditioned>(context, chosen)) ? true : undefined,
  );
  await context.io.out(`${name} condition met\n`);
}

async function waitUntilDeleted(context: CommandContext, chosen: Chosen, timeoutMs: number): Promise<void> {
  try {
    const { metadata } = await readObject<KubeObject>(context, chosen);
    await waitUntilGone(context, chosen.resource, { metadata }, timeoutMs);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Resolves with the exit code. */
export async function wait(context: CommandContext, args: string[], flags: WaitFlags): Promise<number> {
  const check = waitCheck(flags.for);
  const asked = durationFlag(flags.timeout, '--timeout');
  // Upstream: 0 = look once.
  const timeoutMs = asked === 0 ? 1 : asked;
  const chosen = await chooseObjects(context, args, flags);
  if (chosen.length === 0 && check !== undefined) throw new CliError('no matching resources found');
  const outcomes = await Promise.all(
    chosen.map((one) => eachOf(context.io, [one], (each) => waitForOne(context, each, check, timeoutMs))),
  );
  return Math.max(0, ...outcomes);
}
