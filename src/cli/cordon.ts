// edgectl cordon and uncordon: whether a board takes new pods.
import type { Node } from '../api/objects.ts';
import { type ChoosingFlags, type Chosen, chooseObjects, patchObject, readObject } from './chosen-objects.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, resourceName } from './command-context.ts';
import { dryRunFlag, dryRunSuffix } from './flag-values.ts';
import { eachOf } from './outcome.ts';

export interface CordonFlags extends ChoosingFlags {
  dryRun?: string | true;
}

/** The boards that are meant: by name, or by -l. @throws CliError */
export async function chooseNodes(
  context: CommandContext,
  names: readonly string[],
  flags: ChoosingFlags,
): Promise<Chosen[]> {
  if (names.length === 0 && !flags.selector && !flags.all)
    throw new CliError("say which node: 'edgectl get nodes' lists them");
  const args = names.map((name) => (name.includes('/') ? name : `nodes/${name}`));
  const chosen = await chooseObjects(context, args.length > 0 ? args : ['nodes'], flags);
  const other = chosen.find(({ resource }) => resource.kind !== 'Node');
  if (other) throw new CliError(`${other.resource.singular}/${other.name} is no node`);
  return chosen;
}

/** Tells what it did, also when there was nothing to do. */
export async function setUnschedulable(
  context: CommandContext,
  chosen: Chosen,
  wanted: boolean,
  dryRun: 'none' | 'client' | 'server' = 'none',
): Promise<void> {
  const name = resourceName(chosen.resource, chosen.name);
  const said = wanted ? 'cordoned' : 'uncordoned';
  const node = await readObject<Node>(context, chosen);
  if (Boolean(node.spec.unschedulable) === wanted) {
    await context.io.out(`${name} already ${said}${dryRunSuffix(dryRun)}\n`);
    return;
  }
  const body = { spec: { unschedulable: wanted || null } };
  if (dryRun !== 'client') await patchObject(context, chosen, { type: 'merge', body, dryRun });
  await context.io.out(`${name} ${said}${dryRunSuffix(dryRun)}\n`);
}

async function set(context: CommandContext, names: string[], flags: CordonFlags, wanted: boolean) {
  const dryRun = dryRunFlag(flags.dryRun);
  const nodes = await chooseNodes(context, names, flags);
  return eachOf(context.io, nodes, (node) => setUnschedulable(context, node, wanted, dryRun));
}

export function cordon(context: CommandContext, names: string[], flags: CordonFlags): Promise<number> {
  return set(context, names, flags, true);
}

export function uncordon(context: CommandContext, names: string[], flags: CordonFlags): Promise<number> {
  return set(context, names, flags, false);
}
