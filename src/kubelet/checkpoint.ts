// The last complete desired set, kept on the board so that it starts its pods with no master in sight. One file,
// replaced whole. Secrets are never written: pods that need one wait for the master after a reboot.
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ConfigMap, PersistentVolume, Pod } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import { replaceFile } from '../base/atomic-file.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { DesiredState } from './ports.ts';

export interface Checkpoint {
  /** `undefined` when there is none that can be read. */
  load(): Promise<CheckpointContent | undefined>;
  /** Notes that the content may have changed; written a little later, and only when it has. */
  changed(content: () => CheckpointContent | undefined): void;
  /** Writes what is still to be written. */
  flush(): Promise<void>;
}

export interface CheckpointContent {
  desired: DesiredState;
  /** Service variables by namespace, as they were last known. */
  serviceVariables: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The board's share of the pod range, as it was last known. */
  podCIDR: string | undefined;
}

interface CheckpointFile {
  pods: Pod[];
  configMaps: Record<string, ConfigMap>;
  /** Absent in files of before there were any. */
  volumes?: PersistentVolume[];
  serviceVariables: CheckpointContent['serviceVariables'];
  podCIDR?: string | undefined;
}

/** Many changes come together (an apply, a reconnect): one write for all of them. */
const SETTLE_MS = 2_000;

export class FileCheckpoint implements Checkpoint {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #written: string | undefined;
  #pending: (() => CheckpointContent | undefined) | undefined;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, clock: Clock, logger: Logger) {
    this.#path = path;
    this.#clock = clock;
    this.#logger = logger;
  }

  async load(): Promise<CheckpointContent | undefined> {
    try {
      const text = await readFile(this.#path, 'utf8');
      const content = decode(JSON.parse(text) as CheckpointFile);
      this.#written = text;
      return content;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        const fields = { path: this.#path, error: String(error) };
        this.#logger.warn(fields, 'the checkpoint cannot be read; pods start once the master is reached');
      }
      return undefined;
    }
  }

  changed(content: () => CheckpointContent | undefined): void {
    this.#pending = content;
    this.#timer ??= this.#clock.after(SETTLE_MS, () => {
      this.#timer = undefined;
      this.#writing = this.#writing.then(() => this.#write());
    });
  }

  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#writing;
    await this.#write();
  }

  async #write(): Promise<void> {
    const content = this.#pending?.();
    this.#pending = undefined;
    if (!content) return;
    const text = encode(content);
    if (text === this.#written) return;
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      await replaceFile(this.#path, text);
      this.#written = text;
    } catch (error) {
      const fields = { path: this.#path, error: String(error) };
      this.#logger.error(fields, 'the checkpoint cannot be written: after a reboot pods wait for the master');
    }
  }
}

/** Status and revision are left out: they move without anything being wanted differently. */
function encode({ desired, serviceVariables, podCIDR }: CheckpointContent): string {
  const pods = [...desired.pods.values()].map(({ status, ...pod }) => ({
    ...pod,
    metadata: { ...pod.metadata, resourceVersion: '0' },
    ...(isFinished({ status }) ? { status: { phase: status?.phase } } : {}),
  }));
  const configMaps = Object.fromEntries(
    [...desired.configMaps].sort(byKey).map(([key, config]) => [key, config]),
  );
  const volumes = [...desired.volumes.values()].sort((a, b) => (a.metadata.uid < b.metadata.uid ? -1 : 1));
  const file = {
    pods: pods.sort((a, b) => (a.metadata.uid < b.metadata.uid ? -1 : 1)),
    configMaps,
    ...(volumes.length > 0 ? { volumes } : {}),
    serviceVariables,
    podCIDR,
  };
  return JSON.stringify(file satisfies CheckpointFile);
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);

function decode(file: CheckpointFile): CheckpointContent {
  const pods = new Map(file.pods.map((pod) => [`${pod.metadata.namespace}/${pod.metadata.name}`, pod]));
  const volumes = new Map((file.volumes ?? []).map((volume) => [volume.metadata.name, volume]));
  return {
    desired: { pods, configMaps: new Map(Object.entries(file.configMaps)), secrets: new Map(), volumes },
    serviceVariables: file.serviceVariables,
    podCIDR: file.podCIDR,
  };
}
