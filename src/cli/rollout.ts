// edgectl rollout: status, history, undo, pause, resume and restart of Deployments, DaemonSets and StatefulSets.
// https://kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/
import { isDeepStrictEqual } from 'node:util';
import type { Deployment, KubeObject } from '../api/objects.ts';
import { timestamp } from '../api/objects.ts';
import { type ChoosingFlags, type Chosen, chooseObjects, patchObject, readObject } from './chosen-objects.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, resourceName } from './command-context.ts';
import { countFlag, dryRunFlag, dryRunSuffix, durationFlag } from './flag-values.ts';
import { eachOf } from './outcome.ts';
import { poll } from './pause.ts';
import { type Revision, revisionsOf } from './revisions.ts';
import { ROLLING_KINDS, rolloutState } from './rollout-status.ts';
import { TextTable } from './text-table.ts';

export interface RolloutFlags extends ChoosingFlags {
  watch?: boolean;
  timeout?: string;
  revision?: string;
  toRevision?: string;
  dryRun?: string | true;
}

const POLL_MS = 500;
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

async function eachChosen(
  context: CommandContext,
  args: readonly string[],
  flags: RolloutFlags,
  act: (chosen: Chosen) => Promise<void>,
): Promise<number> {
  const chosen = await chooseObjects(context, args, flags);
  if (chosen.length === 0) context.io.err('No resources found');
  return eachOf(context.io, chosen, act);
}

export function rolloutStatus(context: CommandContext, args: string[], flags: RolloutFlags): Promise<number> {
  const timeoutMs = durationFlag(flags.timeout ?? '0s', '--timeout');
  return eachChosen(context, args, flags, async (chosen) => {
    let shown = '';
    const message = `timed out waiting for the rollout of ${chosen.name}: it goes on by itself`;
    await poll(context.io, { intervalMs: POLL_MS, timeoutMs, message }, async () => {
      const { line, done } = rolloutState(
        chosen.resource.kind,
        await readObject<KubeObject>(context, chosen),
      );
      if (line !== shown) await context.io.out(`${line}\n`);
      shown = line;
      return done || flags.watch === false ? true : undefined;
    });
  });
}

export function rolloutHistory(
  context: CommandContext,
  args: string[],
  flags: RolloutFlags,
): Promise<number> {
  const wanted = countFlag(flags.revision, '--revision', 1);
  return eachChosen(context, args, flags, async (chosen) => {
    const revisions = await revisionsOf(context, chosen);
    const title = resourceName(chosen.resource, chosen.name);
    if (wanted !== undefined) {
      const { default: yaml } = await import('yaml');
      const template = yaml.stringify(numbered(revisions, wanted).template);
      const body = template.replace(/^/gm, '  ').trimEnd();
      await context.io.out(`${title} with revision #${wanted}\nPod Template:\n${body}\n`);
      return;
    }
    const rows = revisions.map(({ number, changeCause }) => [String(number), changeCause]);
    const table = new TextTable().render([['REVISION', 'CHANGE-CAUSE'], ...rows]);
    await context.io.out(`${title} \n${table}\n`);
  });
}

function numbered(revisions: readonly Revision[], number: number): Revision {
  const found = revisions.find((revision) => revision.number === number);
  if (found) return found;
  throw new CliError(
    `unable to find specified revision ${number} in history: 'edgectl rollout history' lists them`,
  );
}

export function rolloutUndo(context: CommandContext, args: string[], flags: RolloutFlags): Promise<number> {
  const to = countFlag(flags.toRevision, '--to-revision') ?? 0;
  const dryRun = dryRunFlag(flags.dryRun);
  return eachChosen(context, args, flags, async (chosen) => {
    const name = resourceName(chosen.resource, chosen.name);
    const object = await readObject<Deployment>(context, chosen);
    if (object.spec.paused) {
      const resume = `'edgectl rollout resume ${chosen.resource.singular}/${chosen.name}'`;
      throw new CliError(
        `you cannot rollback a paused deployment; resume it first with ${resume} and try again`,
      );
    }
    const revisions = await revisionsOf(context, chosen);
    const target = to > 0 ? numbered(revisions, to) : revisions.at(-2);
    if (!target) throw new CliError(`no rollout history found for ${name}: there is nothing to go back to`);
    if (isDeepStrictEqual(target.template, revisions.at(-1)?.template)) {
      const skipped = `skipped rollback (current template already matches revision ${target.number})`;
      await context.io.out(`${name} ${skipped}\n`);
      return;
    }
    if (dryRun !== 'client') await patchObject(context, chosen, { ...target.patch, dryRun });
    await context.io.out(`${name} rolled back${dryRunSuffix(dryRun)}\n`);
  });
}

async function setPaused(context: CommandContext, chosen: Chosen, paused: boolean): Promise<void> {
  const { resource, name } = chosen;
  if (resource.kind !== 'Deployment') {
    throw new CliError(`${resource.plural} "${name}" ${paused ? 'pausing' : 'resuming'} is not supported`);
  }
  const { spec } = await readObject<Deployment>(context, chosen);
  const said = paused ? 'paused' : 'resumed';
  if (Boolean(spec.paused) === paused) {
    throw new CliError(`deployments.apps "${name}" is ${paused ? 'already paused' : 'not paused'}`);
  }
  await patchObject(context, chosen, { type: 'merge', body: { spec: { paused: paused || null } } });
  await context.io.out(`${resourceName(resource, name)} ${said}\n`);
}

export function rolloutPause(context: CommandContext, args: string[], flags: RolloutFlags): Promise<number> {
  return eachChosen(context, args, flags, (chosen) => setPaused(context, chosen, true));
}

export function rolloutResume(context: CommandContext, args: string[], flags: RolloutFlags): Promise<number> {
  return eachChosen(context, args, flags, (chosen) => setPaused(context, chosen, false));
}

export function rolloutRestart(
  context: CommandContext,
  args: string[],
  flags: RolloutFlags,
): Promise<number> {
  return eachChosen(context, args, flags, async (chosen) => {
    const { resource, name } = chosen;
    if (!ROLLING_KINDS.includes(resource.kind as never)) {
      throw new CliError(`${resource.plural} "${name}" restarting is not supported: delete its pods instead`);
    }
    const { spec } = await readObject<Deployment>(context, chosen);
    if (resource.kind === 'Deployment' && spec.paused) {
      throw new CliError(`can't restart paused deployment (run rollout resume first)`);
    }
    const annotations = { [RESTARTED_AT]: timestamp(context.io.now()) };
    const body = { spec: { template: { metadata: { annotations } } } };
    await patchObject(context, chosen, { type: 'strategic', body });
    await context.io.out(`${resourceName(resource, name)} restarted\n`);
  });
}
