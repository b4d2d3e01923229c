// edgectl rolling-update: replaces one ReplicationController by another, pod by pod, from this side of the API. Every
// step is written on the two controllers, so the same command goes on where an interrupted one stopped.
// https://kubernetes.io/docs/tasks/run-application/rolling-update-replication-controller/ (up to 1.17)
import type { ReplicationController } from '../api/objects.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import type { Resource } from './discovery.ts';
import { durationFlag } from './flag-values.ts';
import { readManifests } from './manifests.ts';
import { pause, poll } from './pause.ts';
import {
  annotatedCount,
  DEPLOYMENT_LABEL,
  DESIRED_REPLICAS,
  isSameSource,
  NEXT_CONTROLLER,
  ORIGINAL_REPLICAS,
  SOURCE_ID,
  sourceIdOf,
  templateHashOf,
} from './rolling-controllers.ts';
import { plannedFromFile, plannedFromImage } from './rolling-plan.ts';
import { RollingRequests } from './rolling-requests.ts';
import { availableCount, nextStep } from './rolling-step.ts';

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

/** A removal is quicker than a pod's start, so it is not waited for at the pace of --poll-interval. */
const GONE_INTERVAL_MS = 200;

class RollingUpdate {
  readonly #context: CommandContext;
  readonly #requests: RollingRequests;
  readonly #flags: RollingUpdateFlags;
  readonly #times: { periodMs: number; intervalMs: number; timeoutMs: number };

  constructor(
    context: CommandContext,
    resources: { rc: Resource; pods: Resource },
    flags: RollingUpdateFlags,
  ) {
    this.#context = context;
    this.#requests = new RollingRequests(context, resources);
    this.#flags = flags;
    this.#times = {
      periodMs: durationFlag(flags.updatePeriod, '--update-period'),
      intervalMs: durationFlag(flags.pollInterval, '--poll-interval'),
      timeoutMs: durationFlag(flags.timeout, '--timeout'),
    };
  }

  async run(oldName: string, newName: string | undefined): Promise<number> {
    const old = await this.#requests.find(oldName);
    if (!old) return this.#finishRename(oldName);
    if (this.#flags.rollback) return this.#rollBack(old, newName);
    const planned = await this.#plan(old, newName);
    if (this.#flags.dryRun) return this.#showPlan(old, planned);
    const labelled = this.#flags.image ? await this.#labelOld(old, planned.metadata.name) : old;
    const next = await this.#begin(labelled, planned);
    await this.#roll(labelled, next);
    if (this.#flags.image) await this.#rename(labelled, next);
    else await this.#deleteOld(labelled, next);
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

  /** Pods of the old one get a label of their own first, so that a narrower selector loses none of them. */
  async #labelOld(old: Controller, nextName: string): Promise<Controller> {
    const annotations = { [NEXT_CONTROLLER]: nextName };
    if (old.spec.selector?.[DEPLOYMENT_LABEL])
      return this.#requests.patch(old, { metadata: { annotations } });
    const label = { [DEPLOYMENT_LABEL]: templateHashOf(old) };
    const template = { metadata: { labels: label } };
    await this.#requests.patch(old, { metadata: { annotations }, spec: { template } });
    for (const pod of await this.#requests.podsOf(old)) await this.#requests.labelPod(pod, label);
    return this.#requests.patch(old, { spec: { selector: label } });
  }

  /** The new one with no pod yet, or the one that an interrupted update had made. */
  async #begin(old: Controller, planned: Controller): Promise<Controller> {
    if (annotatedCount(old, ORIGINAL_REPLICAS) === undefined) {
      const annotations = { [ORIGINAL_REPLICAS]: String(old.spec.replicas ?? 1) };
      await this.#requests.patch(old, { metadata: { annotations } });
    }
    return (await this.#resume(old, planned)) ?? this.#createNew(old, planned);
  }

  async #resume(old: Controller, planned: Controller): Promise<Controller | undefined> {
    const existing = await this.#requests.find(planned.metadata.name);
    if (!existing) return undefined;
    const { name } = existing.metadata;
    if (!isSameSource(existing, old)) {
      throw new CliError(
        `replicationcontroller "${name}" exists and is no update of ${old.metadata.name}: ` +
          'delete it or choose another name',
      );
    }
    await this.#say(`Found existing update in progress (${name}), resuming.`);
    return existing;
  }

  async #createNew(old: Controller, planned: Controller): Promise<Controller> {
    const desired = planned.spec.replicas ?? annotatedCount(old, ORIGINAL_REPLICAS) ?? old.spec.replicas ?? 1;
    const annotations = {
      ...planned.metadata.annotations,
      [SOURCE_ID]: sourceIdOf(old),
      [DESIRED_REPLICAS]: String(desired),
    };
    const metadata = { ...planned.metadata, annotations };
    const body = { ...planned, metadata, spec: { ...planned.spec, replicas: 0 } };
    const created = await this.#requests.create(body);
    await this.#say(`Created ${created.metadata.name}`);
    return created;
  }

  async #roll(old: Controller, next: Controller): Promise<void> {
    const desired = annotatedCount(next, DESIRED_REPLICAS) ?? next.spec.replicas ?? 1;
    const original = annotatedCount(await this.#requests.get(old), ORIGINAL_REPLICAS) ?? desired;
    const keep = Math.min(desired, original);
    await this.#say(
      `Scaling up ${next.metadata.name} from ${next.spec.replicas ?? 0} to ${desired}, ` +
        `scaling down ${old.metadata.name} from ${old.spec.replicas ?? 0} to 0 (keep ${keep} pods available, don't exceed ${desired + 1} pods)`,
    );
    let isFirst = true;
    for (;;) {
      const step = await this.#awaitStep(old, next, desired, keep);
      if (step.do === 'finish') return;
      const target = step.do === 'scale-new' ? next : old;
      if (step.do === 'scale-new' && !isFirst) await pause(this.#context.io, this.#times.periodMs);
      isFirst = false;
      const direction = step.do === 'scale-new' ? 'up' : 'down';
      await this.#say(`Scaling ${target.metadata.name} ${direction} to ${step.to}`);
      await this.#requests.scale(target, step.to);
    }
  }

  #awaitStep(old: Controller, next: Controller, desired: number, keep: number) {
    const { intervalMs, timeoutMs } = this.#times;
    const message =
      `timed out waiting for pods of ${next.metadata.name} to become available: nothing was lost; ` +
      'mend them and run the command again, or undo with --rollback';
    return poll(this.#context.io, { intervalMs, timeoutMs, message }, async () => {
      const [older, newer] = await Promise.all([this.#requests.get(old), this.#requests.get(next)]);
      const isSettled = [older, newer].every(({ spec, status, metadata }) => {
        const isSeen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
        return isSeen && status?.replicas === (spec.replicas ?? 1);
      });
      if (!isSettled) return undefined;
      const step = nextStep({
        oldReplicas: older.spec.replicas ?? 1,
        newReplicas: newer.spec.replicas ?? 1,
        oldAvailable: await this.#available(older),
        newAvailable: await this.#available(newer),
        desired,
        keep,
      });
      return step.do === 'wait' ? undefined : step;
    });
  }

  async #deleteOld(old: Controller, next: Controller): Promise<void> {
    await this.#forgetUpdate(next);
    await this.#say(`Update succeeded. Deleting ${old.metadata.name}`);
    await this.#requests.delete(old.metadata.name, 'Background');
  }

  /** With --image the new one takes the old one's name: its pods stay, and are adopted. */
  async #rename(old: Controller, next: Controller): Promise<void> {
    await this.#say(`Update succeeded. Deleting old controller: ${old.metadata.name}`);
    await this.#requests.delete(old.metadata.name, 'Background');
    await this.#takeName(next, old.metadata.name);
  }

  async #takeName(next: Controller, name: string): Promise<void> {
    await this.#say(`Renaming ${next.metadata.name} to ${name}`);
    const current = await this.#requests.get(next);
    const {
      [SOURCE_ID]: _source,
      [DESIRED_REPLICAS]: _desired,
      ...annotations
    } = current.metadata.annotations ?? {};
    const { namespace, labels } = current.metadata;
    const metadata = { name, namespace, labels, annotations };
    await this.#requests.delete(next.metadata.name, 'Orphan');
    await this.#awaitGone(name);
    await this.#awaitGone(next.metadata.name);
    await this.#requests.create({
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata,
      spec: current.spec,
    });
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
    await this.#takeName(next, oldName);
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
    await this.#roll(next, target);
    await this.#forgetUpdate(target);
    await this.#say(`Update succeeded. Deleting ${next.metadata.name}`);
    await this.#requests.delete(next.metadata.name, 'Background');
    await this.#say(`replicationcontroller/${old.metadata.name} rolled back`);
    return 0;
  }

  async #nameInFile(): Promise<string | undefined> {
    const { filename } = this.#flags;
    if (!filename) return undefined;
    const [first] = await readManifests(this.#context.io, filename);
    return first?.manifest.metadata.name;
  }

  #forgetUpdate(rc: Controller): Promise<Controller> {
    const names = [SOURCE_ID, DESIRED_REPLICAS, ORIGINAL_REPLICAS, NEXT_CONTROLLER];
    const annotations = Object.fromEntries(names.map((name) => [name, null]));
    return this.#requests.patch(rc, { metadata: { annotations } });
  }

  async #available(rc: Controller): Promise<number> {
    const pods = await this.#requests.podsOf(rc);
    return availableCount(pods, rc.spec.minReadySeconds ?? 0, this.#context.io.now());
  }

  async #awaitGone(name: string): Promise<void> {
    const { intervalMs, timeoutMs } = this.#times;
    const message = `timed out waiting for ${name} to be gone: run the command again`;
    const times = { intervalMs: Math.min(intervalMs, GONE_INTERVAL_MS), timeoutMs, message };
    await poll(this.#context.io, times, async () => ((await this.#requests.find(name)) ? undefined : true));
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
