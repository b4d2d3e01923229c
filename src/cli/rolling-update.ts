// edgectl rolling-update: replaces one ReplicationController by another, pod by pod, from this side of the API. Every
// step is written on the two controllers, so the same command goes on where an interrupted one stopped.
// https://kubernetes.io/docs/tasks/run-application/rolling-update-replication-controller/ (up to 1.17)
import { isConditionTrue } from '../api/conditions.ts';
import type { Pod, ReplicationController } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import { collectionPath, objectPath } from '../client/resource-path.ts';
import { patchObject, readObject } from './chosen-objects.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import type { Resource } from './discovery.ts';
import { durationFlag } from './flag-values.ts';
import { listObjects } from './list-pages.ts';
import { readManifests } from './manifests.ts';
import { pause, poll } from './pause.ts';
import {
  annotatedCount,
  checkPair,
  DEPLOYMENT_LABEL,
  DESIRED_REPLICAS,
  isSameSource,
  NEXT_CONTROLLER,
  ORIGINAL_REPLICAS,
  SOURCE_ID,
  sourceIdOf,
  templateHashOf,
  withImage,
} from './rolling-controllers.ts';
import { nextStep } from './rolling-step.ts';

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
  readonly #resource: Resource;
  readonly #pods: Resource;
  readonly #flags: RollingUpdateFlags;
  readonly #times: { periodMs: number; intervalMs: number; timeoutMs: number };

  constructor(
    context: CommandContext,
    resources: { rc: Resource; pods: Resource },
    flags: RollingUpdateFlags,
  ) {
    this.#context = context;
    this.#resource = resources.rc;
    this.#pods = resources.pods;
    this.#flags = flags;
    this.#times = {
      periodMs: durationFlag(flags.updatePeriod, '--update-period'),
      intervalMs: durationFlag(flags.pollInterval, '--poll-interval'),
      timeoutMs: durationFlag(flags.timeout, '--timeout'),
    };
  }

  async run(oldName: string, newName: string | undefined): Promise<number> {
    const old = await this.#find(oldName);
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
    if (!image) return this.#fromFile(old, filename ?? []);
    const known = old.metadata.annotations?.[NEXT_CONTROLLER];
    const found = known ? await this.#find(known) : undefined;
    if (found && isSameSource(found, old)) {
      const names = (found.spec.template?.spec?.containers ?? []).map((one) => one.image);
      if (names.includes(image)) return found;
      throw new CliError(
        `an update of ${old.metadata.name} to ${names} is under way: finish it, or undo it with --rollback`,
      );
    }
    const next = withImage(old, { image, container, name: newName });
    if (next.metadata.name === old.metadata.name) checkPair(old, next, 'the new name');
    return next as Controller;
  }

  async #fromFile(old: Controller, files: readonly string[]): Promise<Controller> {
    const [first, ...more] = await readManifests(this.#context.io, files);
    if (!first || more.length > 0)
      throw new CliError(`${files} must hold one ReplicationController and nothing else`);
    const { manifest, source } = first;
    if (manifest.kind !== 'ReplicationController') {
      throw new CliError(
        `${source} does not specify a valid ReplicationController: it is a ${manifest.kind}`,
      );
    }
    const next = structuredClone(manifest) as unknown as Controller;
    checkPair(old, next, source);
    next.metadata.namespace = old.metadata.namespace ?? this.#context.namespace;
    return next;
  }

  async #showPlan(old: Controller, next: Controller): Promise<number> {
    const { default: yaml } = await import('yaml');
    await this.#say(`Rolling from:\n${yaml.stringify(old)}To:\n${yaml.stringify(next)}`.trimEnd());
    return 0;
  }

  /** Pods of the old one get a label of their own first, so that a narrower selector loses none of them. */
  async #labelOld(old: Controller, nextName: string): Promise<Controller> {
    const annotations = { [NEXT_CONTROLLER]: nextName };
    if (old.spec.selector?.[DEPLOYMENT_LABEL]) return this.#patch(old, { metadata: { annotations } });
    const label = { [DEPLOYMENT_LABEL]: templateHashOf(old) };
    const template = { metadata: { labels: label } };
    await this.#patch(old, { metadata: { annotations }, spec: { template } });
    for (const pod of await this.#podsOf(old)) {
      const body = { metadata: { labels: label } };
      const chosen = { resource: this.#pods, key: `${pod.metadata.namespace}/${pod.metadata.name}` };
      await patchObject(this.#context, chosen, { type: 'merge', body }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
    return this.#patch(old, { spec: { selector: label } });
  }

  /** The new one with no pod yet, or the one that an interrupted update had made. */
  async #begin(old: Controller, planned: Controller): Promise<Controller> {
    const existing = await this.#find(planned.metadata.name);
    if (annotatedCount(old, ORIGINAL_REPLICAS) === undefined) {
      const annotations = { [ORIGINAL_REPLICAS]: String(old.spec.replicas ?? 1) };
      await this.#patch(old, { metadata: { annotations } });
    }
    if (existing) {
      if (!isSameSource(existing, old)) {
        throw new CliError(
          `replicationcontroller "${existing.metadata.name}" exists and is no update of ${old.metadata.name}: delete it or choose another name`,
        );
      }
      await this.#say(`Found existing update in progress (${existing.metadata.name}), resuming.`);
      return existing;
    }
    const desired = planned.spec.replicas ?? annotatedCount(old, ORIGINAL_REPLICAS) ?? old.spec.replicas ?? 1;
    const annotations = {
      ...planned.metadata.annotations,
      [SOURCE_ID]: sourceIdOf(old),
      [DESIRED_REPLICAS]: String(desired),
    };
    const metadata = { ...planned.metadata, annotations };
    const body = { ...planned, metadata, spec: { ...planned.spec, replicas: 0 } };
    const created = await this.#create(body);
    await this.#say(`Created ${created.metadata.name}`);
    return created;
  }

  async #roll(old: Controller, next: Controller): Promise<void> {
    const desired = annotatedCount(next, DESIRED_REPLICAS) ?? next.spec.replicas ?? 1;
    const original = annotatedCount(await this.#get(old), ORIGINAL_REPLICAS) ?? desired;
    const keep = Math.min(desired, original);
    await this.#say(
      `Scaling up ${next.metadata.name} from ${next.spec.replicas ?? 0} to ${desired}, scaling down ${old.metadata.name} ` +
        `from ${old.spec.replicas ?? 0} to 0 (keep ${keep} pods available, don't exceed ${desired + 1} pods)`,
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
      await this.#scale(target, step.to);
    }
  }

  #awaitStep(old: Controller, next: Controller, desired: number, keep: number) {
    const { intervalMs, timeoutMs } = this.#times;
    const message =
      `timed out waiting for pods of ${next.metadata.name} to become available: nothing was lost; ` +
      'mend them and run the command again, or undo with --rollback';
    return poll(this.#context.io, { intervalMs, timeoutMs, message }, async () => {
      const [older, newer] = await Promise.all([this.#get(old), this.#get(next)]);
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

  async #available(rc: Controller): Promise<number> {
    const minReadyMs = (rc.spec.minReadySeconds ?? 0) * 1000;
    const nowMs = this.#context.io.now();
    return (await this.#podsOf(rc)).filter(({ metadata, status }) => {
      const ready = status?.conditions?.find(({ type }) => type === 'Ready');
      const sinceMs = Date.parse(ready?.lastTransitionTime ?? '');
      const isLongEnough = minReadyMs === 0 || nowMs - sinceMs >= minReadyMs;
      return !metadata.deletionTimestamp && isConditionTrue(status?.conditions, 'Ready') && isLongEnough;
    }).length;
  }

  async #deleteOld(old: Controller, next: Controller): Promise<void> {
    await this.#forgetUpdate(next);
    await this.#say(`Update succeeded. Deleting ${old.metadata.name}`);
    await this.#delete(old.metadata.name, 'Background');
  }

  /** With --image the new one takes the old one's name: its pods stay, and are adopted. */
  async #rename(old: Controller, next: Controller): Promise<void> {
    await this.#say(`Update succeeded. Deleting old controller: ${old.metadata.name}`);
    await this.#delete(old.metadata.name, 'Background');
    await this.#takeName(next, old.metadata.name);
  }

  async #takeName(next: Controller, name: string): Promise<void> {
    await this.#say(`Renaming ${next.metadata.name} to ${name}`);
    const current = await this.#get(next);
    const {
      [SOURCE_ID]: _source,
      [DESIRED_REPLICAS]: _desired,
      ...annotations
    } = current.metadata.annotations ?? {};
    const { namespace, labels } = current.metadata;
    const metadata = { name, namespace, labels, annotations };
    await this.#delete(next.metadata.name, 'Orphan');
    await this.#awaitGone(name);
    await this.#awaitGone(next.metadata.name);
    await this.#create({ apiVersion: 'v1', kind: 'ReplicationController', metadata, spec: current.spec });
  }

  /** The old one is gone and the new one does not have its name yet: an interruption at the very end. */
  async #finishRename(oldName: string): Promise<number> {
    const all = await listObjects<Controller>(this.#context.connection, this.#resource, {
      namespace: this.#context.namespace,
    });
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
    const next = name ? await this.#find(name) : undefined;
    if (!next || !isSameSource(next, old)) {
      throw new CliError(`no update of ${old.metadata.name} is under way: there is nothing to roll back`);
    }
    const original = annotatedCount(old, ORIGINAL_REPLICAS) ?? old.spec.replicas ?? 1;
    await this.#say(`Setting "${old.metadata.name}" replicas to ${original}`);
    const annotations = { [SOURCE_ID]: sourceIdOf(next), [DESIRED_REPLICAS]: String(original) };
    const target = await this.#patch(old, { metadata: { annotations } });
    await this.#roll(next, target);
    await this.#forgetUpdate(target);
    await this.#say(`Update succeeded. Deleting ${next.metadata.name}`);
    await this.#delete(next.metadata.name, 'Background');
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
    return this.#patch(rc, { metadata: { annotations } });
  }

  #podsOf({ spec, metadata }: Controller): Promise<Pod[]> {
    const labelSelector = Object.entries(spec.selector ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    const namespace = metadata.namespace ?? this.#context.namespace;
    return listObjects<Pod>(this.#context.connection, this.#pods, { namespace, labelSelector });
  }

  async #find(name: string): Promise<Controller | undefined> {
    const chosen = { resource: this.#resource, key: `${this.#context.namespace}/${name}` };
    return readObject<Controller>(this.#context, chosen).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  }

  async #get({ metadata: { name } }: Controller): Promise<Controller> {
    return readObject<Controller>(this.#context, {
      resource: this.#resource,
      key: `${this.#context.namespace}/${name}`,
    });
  }

  #patch({ metadata: { name } }: Controller, body: object): Promise<Controller> {
    const chosen = { resource: this.#resource, key: `${this.#context.namespace}/${name}` };
    return patchObject<Controller>(this.#context, chosen, { type: 'merge', body });
  }

  #scale(rc: Controller, replicas: number): Promise<Controller> {
    return this.#patch(rc, { spec: { replicas } });
  }

  #create(body: object): Promise<Controller> {
    const path = collectionPath(this.#resource, this.#context.namespace);
    return this.#context.connection.json<Controller>({ method: 'POST', path, body });
  }

  async #delete(name: string, propagationPolicy: 'Background' | 'Orphan'): Promise<void> {
    const path = objectPath(this.#resource, `${this.#context.namespace}/${name}`);
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy };
    await this.#context.connection.json({ method: 'DELETE', path, body }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  async #awaitGone(name: string): Promise<void> {
    const { intervalMs, timeoutMs } = this.#times;
    const message = `timed out waiting for ${name} to be gone: run the command again`;
    await poll(this.#context.io, { intervalMs: Math.min(intervalMs, 200), timeoutMs, message }, async () =>
      (await this.#find(name)) ? undefined : true,
    );
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
