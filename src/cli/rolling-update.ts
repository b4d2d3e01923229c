// edgectl rolling-update: replaces one ReplicationController by another, pod by pod, from this side of the API. Every
// step is written on the two controllers, so the same command goes on where an interrupted one stopped.
// https://kubernetes.io/docs/tasks/run-application/rolling-update-replication-controller/ (up to 1.17)
import type { ReplicationController } from '../api/objects.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import type { Resource } from './discovery.ts';
import { durationFlag } from './flag-values.ts';
import { readManifests } from './manifests.ts';
import { RollingBeginning } from './rolling-beginning.ts';
import {
  annotatedCount,
  DESIRED_REPLICAS,
  isSameSource,
  NEXT_CONTROLLER,
  ORIGINAL_REPLICAS,
  SOURCE_ID,
  sourceIdOf,
} from './rolling-controllers.ts';
import { RollingHandover } from './rolling-handover.ts';
import { plannedFromFile, plannedFromImage } from './rolling-plan.ts';
import { RollingRequests } from './rolling-requests.ts';
import { RollingWalk } from './rolling-walk.ts';

export interface RollingUpdateFlags {
  filename?: string[];
  image?: string;
  container?: string;
  updatePeriod: string;
  pollInterval: string;
  timeout: string;
  rollback?: boolean;
  dryRun?: boolean;
}

type Controller = ReplicationController;

class RollingUpdate {
  readonly #context: CommandContext;
  readonly #requests: RollingRequests;
  readonly #flags: RollingUpdateFlags;
  readonly #beginning: RollingBeginning;
  readonly #walk: RollingWalk;
  readonly #handover: RollingHandover;

  constructor(
    context: CommandContext,
    resources: { rc: Resource; pods: Resource },
    flags: RollingUpdateFlags,
  ) {
    this.#context = context;
    this.#requests = new RollingRequests(context, resources);
    this.#flags = flags;
    const times = {
      periodMs: durationFlag(flags.updatePeriod, '--update-period'),
      intervalMs: durationFlag(flags.pollInterval, '--poll-interval'),
      timeoutMs: durationFlag(flags.timeout, '--timeout'),
    };
    const say = (line: string) => this.#say(line);
    const rolling = { io: context.io, requests: this.#requests, times, say };
    this.#beginning = new RollingBeginning(rolling);
    this.#walk = new RollingWalk(rolling);
    this.#handover = new RollingHandover(rolling);
  }

  async run(oldName: string, newName: string | undefined): Promise<number> {
    const old = await this.#requests.find(oldName);
    if (!old) return this.#finishRename(oldName);
    if (this.#flags.rollback) return this.#rollBack(old, newName);
    const planned = await this.#plan(old, newName);
    if (this.#flags.dryRun) return this.#showPlan(old, planned);
    const labelled = this.#flags.image ? await this.#beginning.labelOld(old, planned.metadata.name) : old;
    const next = await this.#beginning.begin(labelled, planned);
    await this.#walk.run(labelled, next);
    if (this.#flags.image) await this.#handover.rename(labelled, next);
    else await this.#handover.replace(labelled, next);
    await this.#say(`replicationcontroller/${oldName} rolling updated`);
    return 0;
  }

  async #plan(old: Controller, newName: string | undefined): Promise<Controller> {
    const { image, container, filename } = this.#flags;
    if (!image) return plannedFromFile(this.#context, old, filename ?? []);
    const known = old.metadata.annotations?.[NEXT_CONTROLLER];
    const found = known ? await this.#requests.find(known) : undefined;
    const underWay = found && isSameSource(found, old) ? found : undefined;
    return plannedFromImage(old, underWay, { image, container, name: newName });
  }

  async #showPlan(old: Controller, next: Controller): Promise<number> {
    const { default: yaml } = await import('yaml');
    await this.#say(`Rolling from:\n${yaml.stringify(old)}To:\n${yaml.stringify(next)}`.trimEnd());
    return 0;
  }

  /** The old one is gone and the new one does not have its name yet: an interruption at the very end. */
  async #finishRename(oldName: string): Promise<number> {
    const all = await this.#requests.list();
    const next = all.find(({ metadata }) => metadata.annotations?.[SOURCE_ID]?.startsWith(`${oldName}:`));
    if (!next || !this.#flags.image) {
      throw new CliError(
        `replicationcontrollers "${oldName}" not found: 'edgectl get rc' lists what is there`,
      );
    }
    await this.#handover.takeName(next, oldName);
    await this.#say(`replicationcontroller/${oldName} rolling updated`);
    return 0;
  }

  async #rollBack(old: Controller, newName: string | undefined): Promise<number> {
    const name = newName ?? old.metadata.annotations?.[NEXT_CONTROLLER] ?? (await this.#nameInFile());
    const next = name ? await this.#requests.find(name) : undefined;
    if (!next || !isSameSource(next, old)) {
      throw new CliError(`no update of ${old.metadata.name} is under way: there is nothing to roll back`);
    }
    const original = annotatedCount(old, ORIGINAL_REPLICAS) ?? old.spec.replicas ?? 1;
    await this.#say(`Setting "${old.metadata.name}" replicas to ${original}`);
    const annotations = { [SOURCE_ID]: sourceIdOf(next), [DESIRED_REPLICAS]: String(original) };
    const target = await this.#requests.patch(old, { metadata: { annotations } });
    await this.#walk.run(next, target);
    await this.#handover.replace(next, target);
    await this.#say(`replicationcontroller/${old.metadata.name} rolled back`);
    return 0;
  }

  async #nameInFile(): Promise<string | undefined> {
    const { filename } = this.#flags;
    if (!filename) return undefined;
    const [first] = await readManifests(this.#context.io, filename);
    return first?.manifest.metadata.name;
  }

  #say(line: string): Promise<void> {
    return this.#context.io.out(`${line}\n`);
  }
}

/** Resolves with the exit code. */
export async function rollingUpdate(
  context: CommandContext,
  args: readonly string[],
  flags: RollingUpdateFlags,
): Promise<number> {
  const [oldName = '', newName, ...more] = args;
  if (more.length > 0) throw new CliError('rolling-update takes the old name and, at will, the new one');
  const ways = [flags.filename, flags.image].filter((way) => way !== undefined).length;
  if (ways > 1) throw new CliError('-f and --image exclude each other: give one of them');
  if (ways === 0 && !flags.rollback) {
    throw new CliError(
      'say what comes instead: -f FILE with the new ReplicationController, or --image=IMAGE',
    );
  }
  const [rc, pods] = await Promise.all([context.discovery.byName('rc'), context.discovery.byName('pods')]);
  return new RollingUpdate(context, { rc, pods }, flags).run(oldName, newName);
}
