// edgectl label and annotate: KEY=VALUE sets, KEY- removes; what is there already changes only with --overwrite.
import type { KubeObject } from '../api/objects.ts';
import { type ChoosingFlags, type Chosen, chooseObjects, patchObject, readObject } from './chosen-objects.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, resourceName } from './command-context.ts';
import { assignments } from './flag-values.ts';
import { eachOf } from './outcome.ts';

export interface LabelFlags extends ChoosingFlags {
  overwrite?: boolean;
}

type Field = 'labels' | 'annotations';

/** Objects come first, then the changes: a change has an equals sign or ends with a minus. */
function split(args: readonly string[]): { objects: string[]; changes: string[] } {
  const isChange = (word: string) => word.includes('=') || word.endsWith('-');
  const first = args.findIndex(isChange);
  if (first < 0) return { objects: [...args], changes: [] };
  return { objects: args.slice(0, first), changes: args.slice(first) };
}

function checkOverwrite(
  chosen: Chosen,
  field: Field,
  present: Readonly<Record<string, string>>,
  changes: ReadonlyMap<string, string | null>,
): void {
  for (const [key, value] of changes) {
    const known = present[key];
    if (value === null || known === undefined || known === value) continue;
    throw new CliError(
      `${chosen.resource.singular} "${chosen.name}": '${key}' already has a value (${known}) among its ${field}, and --overwrite is false`,
    );
  }
}

async function changeOne(
  context: CommandContext,
  chosen: Chosen,
  field: Field,
  changes: ReadonlyMap<string, string | null>,
  flags: LabelFlags,
): Promise<void> {
  const { metadata } = await readObject<KubeObject>(context, chosen);
  const present = metadata[field] ?? {};
  if (!flags.overwrite) checkOverwrite(chosen, field, present, changes);
  const body = {
    metadata: { resourceVersion: metadata.resourceVersion, [field]: Object.fromEntries(changes) },
  };
  const isChanged = [...changes].some(([key, value]) => (present[key] ?? null) !== value);
  if (isChanged) await patchObject(context, chosen, { type: 'merge', body });
  const onlyRemoves = [...changes.values()].every((value) => value === null);
  const done = field === 'annotations' ? 'annotated' : onlyRemoves ? 'unlabeled' : 'labeled';
  const said = isChanged || field === 'annotations' ? done : 'not labeled';
  await context.io.out(`${resourceName(chosen.resource, chosen.name)} ${said}\n`);
}

async function change(context: CommandContext, args: readonly string[], flags: LabelFlags, field: Field) {
  const { objects, changes } = split(args);
  const wanted = assignments(changes, field);
  if (wanted.size === 0)
    throw new CliError(`at least one of the ${field} to change is needed, such as tier=front`);
  const chosen = await chooseObjects(context, objects, flags);
  if (chosen.length === 0) context.io.err('No resources found');
  return eachOf(context.io, chosen, (one) => changeOne(context, one, field, wanted, flags));
}

export function label(context: CommandContext, args: string[], flags: LabelFlags): Promise<number> {
  return change(context, args, flags, 'labels');
}

export function annotate(context: CommandContext, args: string[], flags: LabelFlags): Promise<number> {
  return change(context, args, flags, 'annotations');
}
