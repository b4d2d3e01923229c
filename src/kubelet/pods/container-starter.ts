// Makes the sandbox and starts containers in it; turns what goes wrong into events, waiting reasons and back-off.

import { type core, type Pod, timestamp } from '../../api/objects.ts';
import { exponentialBackoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { ConfigError } from '../config/config-error.ts';
import type { SandboxAddresses } from '../config/container-config.ts';
import { containerSpecHash } from '../config/spec-hash.ts';
import type { ContainerCache } from '../container-cache.ts';
import type { BoardDevices, DeviceGrant } from '../devices/board-devices.ts';
import { DevicesTaken } from '../devices/device-grants.ts';
import { type PodAddresses, secondAddress } from '../pod-addresses.ts';
import { startedRecord, withContainer } from '../records/absorb.ts';
import {
  type ContainerConfig,
  type Runtime,
  type RuntimeContainer,
  RuntimeError,
  type SandboxConfig,
} from '../runtime/runtime.ts';
import type { StartSlots } from '../start-slots.ts';
import { grantedContainer } from './allocation.ts';
import type { PodAction } from './pod-actions.ts';
import { containerOf, type PodEntry } from './pod-entry.ts';
import type { PodEvents } from './pod-events.ts';
import type { StartFailure } from './pod-world.ts';

type StartContainer = Extract<PodAction, { do: 'startContainer' }>;

const SANDBOX_BACKOFF = { initialMs: 2_000, maxMs: 60_000 };
const START_BACKOFF = { initialMs: 10_000, maxMs: 300_000 };
/** A pod asks for the address it had; one that something clings to must not keep it from starting. */
const SAME_ADDRESS_TRIES = 2;
/** Exit code of a container whose program could not be started, as upstream reports it. */
const START_ERROR_EXIT_CODE = 128;

/** What a container is given besides its spec. */
export interface ContainerExtras {
  devices: DeviceGrant;
  /** Id of the container whose processes it is to see. */
  targetId?: string | undefined;
}

/** Turns specs into what the engine is told; rejects with ConfigError when a part is missing. */
export interface ConfigSource {
  sandbox(pod: Pod, attempt: number, addresses: SandboxAddresses): Promise<SandboxConfig>;
  container(
    pod: Pod,
    container: core.Container,
    attempt: number,
    addresses: SandboxAddresses,
    extras: ContainerExtras,
  ): Promise<ContainerConfig>;
  /** Brings the ConfigMap, Secret, token and downward API files of a running pod up to date. */
  refreshVolumes(pod: Pod): Promise<void>;
}

export interface ContainerStarterOptions {
  runtime: Runtime;
  cache: ContainerCache;
  addresses: PodAddresses;
  /** Those that pods of this board have or had last: see PodAddresses. */
  promisedAddresses(): ReadonlySet<string>;
  slots: StartSlots;
  clock: Clock;
  events: PodEvents;
  configs: ConfigSource;
  devices: Pick<BoardDevices, 'grant' | 'release'>;
  podCIDR(): string | undefined;
  /** Of the second family; pods that start while there is none go without. */
  podCIDRv6?(): string | undefined;
  /** Rejects with a RuntimeError. */
  ensureInfraImage(): Promise<void>;
}

export class ContainerStarter {
  readonly #options: ContainerStarterOptions;

  constructor(options: ContainerStarterOptions) {
    this.#options = options;
  }

  async startSandbox(entry: PodEntry, pod: Pod, attempt: number): Promise<void> {
    let ip: string | undefined;
    try {
      await this.#options.ensureInfraImage();
      ip = pod.spec.hostNetwork ? undefined : this.#reserveAddress(entry);
      const ipv6 = ip && this.#secondAddress(ip);
      const config = await this.#options.configs.sandbox(pod, attempt, { ip, ipv6 });
      const made = await this.#options.slots.run(() => this.#options.runtime.startSandbox(config));
      this.#options.cache.put(made);
      const { podIPBefore: _, podIPv6: __, ...record } = entry.record;
      const addresses = { ...(ip ? { podIP: ip } : {}), ...(ipv6 ? { podIPv6: ipv6 } : {}) };
      entry.record = { ...record, sandboxAttempt: attempt, ...addresses };
      entry.memory.sandboxFailure = undefined;
    } catch (error) {
      this.#noteSandboxFailure(entry, pod, error);
    } finally {
      if (ip) this.#options.addresses.release(ip);
    }
  }

  async startContainer(entry: PodEntry, pod: Pod, action: StartContainer): Promise<void> {
    const sandbox = this.#sandboxOf(entry);
    const container = containerOf(pod, action.containerName);
    if (!sandbox || !container) return;
    let devices: DeviceGrant | undefined;
    try {
      devices = await this.#grantDevices(pod, container);
      const config = await this.#configOf(entry, pod, container, action, devices);
      const made = await this.#options.slots.run(() => this.#options.runtime.startContainer(sandbox, config));
      this.#noteStarted(entry, pod, action, made);
    } catch (error) {
      await this.#noteStartFailure(entry, pod, container, action, sandbox, error);
    } finally {
      if (devices) this.#options.devices.release(devices);
    }
  }

  /** The board promised them when it took the pod: what is taken now is held by a container that is about to end. */
  async #grantDevices(pod: Pod, container: core.Container): Promise<DeviceGrant> {
    const { devices, cache } = this.#options;
    try {
      return await devices.grant(container, pod.metadata.uid, cache.all());
    } catch (error) {
      if (error instanceof DevicesTaken) throw new ConfigError(error.message);
      throw error;
    }
  }

  #reserveAddress(entry: PodEntry): string {
    const range = this.#options.podCIDR();
    if (!range) throw new RuntimeError('NetworkNotReady', 'the board has no pod range yet');
    const { addresses, cache, promisedAddresses } = this.#options;
    const before = entry.record.podIPBefore ?? entry.record.podIP;
    const ip = addresses.reserve(range, cache.addresses(), { before, promised: promisedAddresses() });
    if (!ip)
      throw new RuntimeError('NetworkNotReady', `no free address is left in this board's pod range ${range}`);
    return ip;
  }

  #secondAddress(ip: string): string | undefined {
    const { podCIDR, podCIDRv6 } = this.#options;
    const [first, second] = [podCIDR(), podCIDRv6?.()];
    return first && second ? secondAddress(ip, first, second) : undefined;
  }

  #sandboxOf(entry: PodEntry): RuntimeContainer | undefined {
    return this.#options.cache
      .ofPod(entry.uid)
      .find((c) => c.containerName === undefined && c.state === 'running');
  }

  async #configOf(
    entry: PodEntry,
    pod: Pod,
    container: core.Container,
    action: StartContainer,
    devices: DeviceGrant,
  ): Promise<ContainerConfig> {
    const { podIP: ip, podIPv6: ipv6 } = entry.record;
    const targetId = this.#targetOf(entry, container);
    const sized = grantedContainer(container, entry.record.allocated);
    return this.#options.configs.container(pod, sized, action.attempt, { ip, ipv6 }, { devices, targetId });
  }

  /** The container whose processes an ephemeral one asks to see. */
  #targetOf(entry: PodEntry, container: core.Container): string | undefined {
    const { targetContainerName: name } = container as core.EphemeralContainer;
    if (!name) return undefined;
    const target = entry.record.containers[name];
    if (target?.containerId && !target.ended) return target.containerId;
    throw new ConfigError(`unable to find target container "${name}"`);
  }

  #noteStarted(entry: PodEntry, pod: Pod, action: StartContainer, made: RuntimeContainer): void {
    const { cache, events } = this.#options;
    const name = action.containerName;
    cache.put(made);
    const record = startedRecord(entry.record.containers[name], made, action.backoffSteps);
    const resources = entry.record.allocated?.[name];
    const isInPostStart = containerOf(pod, name)?.lifecycle?.postStart !== undefined;
    entry.record = withContainer(entry.record, name, {
      ...record,
      ...(resources ? { resources } : {}),
      ...(isInPostStart ? { isInPostStart } : {}),
    });
    entry.memory.startFailures.delete(name);
    events.normal(entry, pod, 'Created', `Created container: ${name}`, name);
    events.normal(entry, pod, 'Started', `Started container ${name}`, name);
  }

  #noteSandboxFailure(entry: PodEntry, pod: Pod, error: unknown): void {
    const failure = knownFailure(error);
    const failures = (entry.memory.sandboxFailure?.failures ?? 0) + 1;
    const message = `Failed to create pod sandbox: ${failure.message}`;
    entry.memory.sandboxFailure = this.#backedOff(failure.reason, message, failures, SANDBOX_BACKOFF);
    if (failures >= SAME_ADDRESS_TRIES) {
      const { podIP: _, podIPv6: __, podIPBefore: ___, ...record } = entry.record;
      entry.record = record;
    }
    this.#options.events.warning(entry, pod, 'FailedCreatePodSandBox', message);
  }

  async #noteStartFailure(
    entry: PodEntry,
    pod: Pod,
    container: core.Container,
    action: StartContainer,
    sandbox: RuntimeContainer,
    error: unknown,
  ): Promise<void> {
    const failure = knownFailure(error);
    const name = container.name;
    this.#tellStartFailure(entry, pod, name, failure);
    const isOwnFault = failure.reason === 'RunContainerError' && (await this.#stillRuns(sandbox.id));
    if (isOwnFault) {
      this.#noteStartError(entry, container, action, failure.message);
      return;
    }
    const reason = failure.reason === 'FailedMount' ? 'ContainerCreating' : failure.reason;
    // The image may have gone meanwhile, or been taken away as damaged: the next try asks for it again.
    entry.memory.images.delete(name);
    const failures = (entry.memory.startFailures.get(name)?.failures ?? 0) + 1;
    entry.memory.startFailures.set(name, this.#backedOff(reason, failure.message, failures, START_BACKOFF));
  }

  #tellStartFailure(entry: PodEntry, pod: Pod, name: string, { reason, message }: Failure): void {
    const { events } = this.#options;
    if (reason === 'FailedMount') events.warning(entry, pod, 'FailedMount', message);
    else events.warning(entry, pod, 'Failed', `Error: ${message}`, name);
  }

  /** The program could not be run: an attempt like any other that failed, with its restart policy and back-off. */
  #noteStartError(entry: PodEntry, container: core.Container, action: StartContainer, message: string): void {
    const known = entry.record.containers[container.name];
    const previous = known?.ended;
    const at = timestamp(this.#options.clock.now());
    entry.record = withContainer(entry.record, container.name, {
      attempt: action.attempt,
      specHash: containerSpecHash(container),
      image: container.image ?? '',
      imageId: known?.imageId ?? '',
      ...(previous ? { previous } : {}),
      backoffSteps: action.backoffSteps,
      ended: {
        exitCode: START_ERROR_EXIT_CODE,
        reason: 'StartError',
        message,
        startedAt: at,
        finishedAt: at,
      },
    });
  }

  /** A container that cannot start because its pause container died is not to blame. */
  async #stillRuns(sandboxId: string): Promise<boolean> {
    const { runtime, cache } = this.#options;
    const found = await runtime.inspect(sandboxId);
    if (found) cache.put(found);
    else cache.remove(sandboxId);
    return found?.state === 'running';
  }

  #backedOff(
    reason: string,
    message: string,
    failures: number,
    limits: { initialMs: number; maxMs: number },
  ): StartFailure {
    const retryAtMs = this.#options.clock.monotonicMs() + exponentialBackoffMs(limits, failures);
    return { reason, message, failures, retryAtMs };
  }
}

interface Failure {
  reason: string;
  message: string;
}

/** What a pod's status can show; an engine that is away, or a mistake of ours, goes up to the worker. */
function knownFailure(error: unknown): Failure {
  const isKnown = error instanceof ConfigError || error instanceof RuntimeError;
  if (!isKnown || error.reason === 'RuntimeUnavailable') throw error;
  return { reason: error.reason, message: error.message };
}
