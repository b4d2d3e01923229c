// edgectl taint: KEY=VALUE:EFFECT keeps pods off a board, KEY:EFFECT- or KEY- lets them come again.
import type { core, Node } from '../api/objects.ts';
import { patchObject, readObject } from './chosen-objects.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, resourceName } from './command-context.ts';
import { chooseNodes } from './cordon.ts';
import { eachOf } from './outcome.ts';

export interface TaintFlags {
  selector?: string;
  all?: boolean;
  overwrite?: boolean;
}

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

interface Change {
  key: string;
  value?: string;
  /** Absent = every effect, of a removal. */
  effect?: string;
  remove: boolean;
}

function parse(word: string): Change {
  const match = /^([^=:]+?)(?:=([^:]*))?(?::([A-Za-z]+))?(-)?$/.exec(word);
  const [, key = '', value, effect, minus] = match ?? [];
  const remove = minus !== undefined;
  if (!match || (!remove && effect === undefined)) {
    throw new CliError(
      `taints are given as KEY=VALUE:EFFECT, or KEY:EFFECT- to remove one: "${word}" is neither`,
    );
  }
  if (effect !== undefined && !EFFECTS.includes(effect)) {
    throw new CliError(`invalid taint effect: ${effect}, it is one of ${EFFECTS.join(', ')}`);
  }
  return { key, remove, ...(value ? { value } : {}), ...(effect ? { effect } : {}) };
}

const concerns = (change: Change, taint: core.Taint) =>
  taint.key === change.key && (change.effect === undefined || taint.effect === change.effect);

function changed(
  taints: readonly core.Taint[],
  changes: readonly Change[],
  overwrite: boolean,
  node: string,
) {
  let after = [...taints];
  for (const change of changes) {
    const known = after.some((taint) => concerns(change, taint));
    if (change.remove && !known) throw new CliError(`taint "${change.key}" not found on node ${node}`);
    if (!change.remove && known && !overwrite) {
      throw new CliError(
        `node ${node} already has ${change.key} taint(s) with same effect(s) and --overwrite is false`,
      );
    }
    after = after.filter((taint) => !concerns(change, taint));
    const { key, value, effect } = change;
    if (!change.remove) after.push({ key, effect: effect ?? '', ...(value ? { value } : {}) } as core.Taint);
  }
  return after;
}

function saidOf(changes: readonly Change[]): string {
  const removes = changes.filter(({ remove }) => remove).length;
  if (removes === changes.length) return 'untainted';
  return removes > 0 ? 'modified' : 'tainted';
}

/** Resolves with the exit code. */
export async function taint(context: CommandContext, args: string[], flags: TaintFlags): Promise<number> {
  const [type, ...rest] = args;
  if (!type || !['node', 'nodes', 'no'].includes(type)) {
    throw new CliError("only nodes have taints: 'edgectl taint nodes NAME KEY=VALUE:EFFECT'");
  }
  const isChange = (word: string) => word.endsWith('-') || /[=:]/.test(word);
  const changes = rest.filter(isChange).map(parse);
  if (changes.length === 0)
    throw new CliError('at least one taint update is required, such as use=camera:NoSchedule');
  const names = rest.filter((word) => !isChange(word));
  const nodes = await chooseNodes(context, names, flags);
  return eachOf(context.io, nodes, async (node) => {
    const { metadata, spec } = await readObject<Node>(context, node);
    const taints = changed(spec.taints ?? [], changes, flags.overwrite ?? false, node.name);
    const body = { metadata: { resourceVersion: metadata.resourceVersion }, spec: { taints } };
    await patchObject(context, node, { type: 'merge', body });
    await context.io.out(`${resourceName(node.resource, node.name)} ${saidOf(changes)}\n`);
  });
}
