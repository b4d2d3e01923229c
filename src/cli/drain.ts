// edgectl drain: cordons boards and moves their pods off, asking the budgets (the eviction API) and waiting where they
// say no. https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/
import type { Pod } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import { isNotFound, StatusError } from '../api/status-error.ts';
import { objectPath } from '../client/resource-path.ts';
import { type Chosen, readObject } from './chosen-objects.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, resourceName } from './command-context.ts';
import { chooseNodes, setUnschedulable } from './cordon.ts';
import type { Resource } from './discovery.ts';
import { drainPlan } from './drain-plan.ts';
import { dryRunFlag, dryRunSuffix, durationFlag } from './flag-values.ts';
import { listObjects } from './list-pages.ts';
import { eachOf } from './outcome.ts';
import { pause, poll } from './pause.ts';

export interface DrainFlags {
  selector?: string;
  ignoreDaemonsets?: boolean;
  deleteEmptydirData?: boolean;
  force?: boolean;
  gracePeriod: string;
  timeout: string;
  podSelector?: string;
  disableEviction?: boolean;
  waitForCompletion?: boolean;
  dryRun?: string | true;
}

/** How long after a budget's no it is asked again, as kubectl does. */
const RETRY_MS = 5_000;
const POLL_MS = 500;

class Drain {
  readonly #context: CommandContext;
  readonly #pods: Resource;
  readonly #flags: DrainFlags;
  readonly #endMs: number;
  readonly #graceSeconds: number | undefined;

  constructor(context: CommandContext, pods: Resource, flags: DrainFlags) {
    this.#context = context;
    this.#pods = pods;
    this.#flags = flags;
    const timeoutMs = durationFlag(flags.timeout, '--timeout');
    this.#endMs = timeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    this.#graceSeconds = graceSeconds(flags.gracePeriod);
  }

  async drain(node: Chosen): Promise<void> {
    const { io } = this.#context;
    const dryRun = dryRunFlag(this.#flags.dryRun);
    await setUnschedulable(this.#context, node, true, dryRun);
    const plan = drainPlan(await this.#podsOn(node.name), {
      ignoreDaemonSets: this.#flags.ignoreDaemonsets ?? false,
      deleteEmptyDirData: this.#flags.deleteEmptydirData ?? false,
      force: this.#flags.force ?? false,
      waitForCompletion: this.#flags.waitForCompletion ?? false,
    });
    const name = resourceName(node.resource, node.name);
    if (plan.errors.length > 0) {
      throw new CliError(`unable to drain node "${node.name}": ${plan.errors.join('; ')}`);
    }
    for (const warning of plan.warnings) io.err(`Warning: ${warning}`);
    if (dryRun === 'none') {
      const work = [
        ...plan.evict.map((pod) => this.#move(pod)),
        ...plan.await.map((pod) => this.#awaitEnd(pod)),
      ];
      // All are told before one failure ends the verb: a pod that cannot go must not hide another.
      const failures = (await Promise.allSettled(work)).filter((result) => result.status === 'rejected');
      if (failures[0]) throw failures[0].reason;
    } else {
      for (const pod of plan.evict) await io.out(`${this.#verb} pod ${keyOf(pod)}${dryRunSuffix(dryRun)}\n`);
    }
    await io.out(`${name} drained${dryRunSuffix(dryRun)}\n`);
  }

  get #verb(): string {
    return this.#flags.disableEviction ? 'deleting' : 'evicting';
  }

  #podsOn(node: string): Promise<Pod[]> {
    const { podSelector } = this.#flags;
    return listObjects<Pod>(this.#context.connection, this.#pods, {
      fieldSelector: `spec.nodeName=${node}`,
      ...(podSelector ? { labelSelector: podSelector } : {}),
    });
  }

  async #move(pod: Pod): Promise<void> {
    const { io } = this.#context;
    await io.out(`${this.#verb} pod ${keyOf(pod)}\n`);
    while (!(await this.#ask(pod))) {
      this.#checkTime(pod, 'to be evicted: a budget forbids it');
      await pause(io, Math.min(RETRY_MS, Math.max(this.#endMs - performance.now(), 0)));
      await io.out(`${this.#verb} pod ${keyOf(pod)}\n`);
    }
    await this.#awaitGone(pod);
    await io.out(`pod/${pod.metadata.name} ${this.#flags.disableEviction ? 'deleted' : 'evicted'}\n`);
  }

  /** False when a budget says not now. */
  async #ask(pod: Pod): Promise<boolean> {
    const { name, namespace, uid } = pod.metadata;
    const options = {
      preconditions: { uid },
      ...(this.#graceSeconds === undefined ? {} : { gracePeriodSeconds: this.#graceSeconds }),
    };
    const { connection, io } = this.#context;
    try {
      if (this.#flags.disableEviction) {
        const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...options };
        await connection.json({ method: 'DELETE', path: objectPath(this.#pods, keyOf(pod)), body });
      } else {
        const body = {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name, namespace },
          deleteOptions: options,
        };
        await connection.json({ method: 'POST', path: objectPath(this.#pods, keyOf(pod), 'eviction'), body });
      }
      return true;
    } catch (error) {
      if (isNotFound(error) || isOtherPod(error)) return true;
      if (!(error instanceof StatusError) || error.code !== 429) throw error;
      const what = `error when evicting pods/"${name}" -n "${namespace}" (will retry after 5s)`;
      io.err(`${what}: ${error.message}`);
      return false;
    }
  }

  #awaitGone(pod: Pod): Promise<unknown> {
    return this.#until(pod, 'to be gone: its board may be out of reach', async () => {
      const now = await this.#read(pod);
      return !now || now.metadata.uid !== pod.metadata.uid;
    });
  }

  /** The upgrade of a board waits for its jobs rather than doing their work twice. */
  async #awaitEnd(pod: Pod): Promise<void> {
    await this.#context.io.out(`waiting for pod ${keyOf(pod)} to complete\n`);
    await this.#until(pod, 'to complete', async () => {
      const now = await this.#read(pod);
      return !now || now.metadata.uid !== pod.metadata.uid || isFinished(now);
    });
    await this.#context.io.out(`pod/${pod.metadata.name} completed\n`);
  }

  async #read(pod: Pod): Promise<Pod | undefined> {
    return readObject<Pod>(this.#context, { resource: this.#pods, key: keyOf(pod) }).catch(
      (error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      },
    );
  }

  #until(pod: Pod, what: string, check: () => Promise<boolean>): Promise<true> {
    // 0 would mean for ever.
    const timeoutMs = Number.isFinite(this.#endMs) ? Math.max(this.#endMs - performance.now(), 1) : 0;
    const message = `timed out waiting for pod ${keyOf(pod)} ${what}; the node stays cordoned: run drain again`;
    return poll(this.#context.io, { intervalMs: POLL_MS, timeoutMs, message }, async () =>
      (await check()) ? true : undefined,
    );
  }

  #checkTime(pod: Pod, what: string): void {
    if (performance.now() < this.#endMs) return;
    throw new CliError(`global timeout reached while waiting for pod ${keyOf(pod)} ${what}: run drain again`);
  }
}

const keyOf = ({ metadata }: Pod) => `${metadata.namespace}/${metadata.name}`;
/** The name belongs to a new pod by now. */
const isOtherPod = (error: unknown) => error instanceof StatusError && error.code === 409;

/** -1 = each pod's own. */
function graceSeconds(text: string): number | undefined {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= -1) return value === -1 ? undefined : value;
  throw new CliError(`--grace-period takes whole seconds, or -1 for each pod's own, not "${text}"`);
}

/** Resolves with the exit code. */
export async function drain(context: CommandContext, names: string[], flags: DrainFlags): Promise<number> {
  const nodes = await chooseNodes(context, names, flags.selector ? { selector: flags.selector } : {});
  const work = new Drain(context, await context.discovery.byName('pods'), flags);
  return eachOf(context.io, nodes, (node) => work.drain(node));
}
