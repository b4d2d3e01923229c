// The Runtime port: the few things a container engine must do for the kubelet. runtime/podman/ speaks libpod,
// test/support has a fake, and one contract suite runs on both.
import type { Readable, Writable } from 'node:stream';
import type { ProcessStreams, TerminalSize } from '../../api/session.ts';
import type { Component } from '../../base/component.ts';
import type { RegistryAuth } from '../images/registry-auth.ts';

export type ContainerState = 'created' | 'running' | 'exited';

/** A container or pause container that the engine knows and that carries this agent's label. */
export interface RuntimeContainer {
  id: string;
  name: string;
  podUid: string;
  podKey: string;
  /** Container name in the pod's spec; `undefined` for the pause container. */
  containerName: string | undefined;
  /** Counts from 0 over the pod's life on this board. */
  attempt: number;
  state: ContainerState;
  /** Process id on the board while running. */
  pid: number | undefined;
  image: string;
  imageId: string;
  /** Hash of the part of the spec that it was made from: a difference means replace. */
  specHash: string;
  createdAt: string;
  startedAt: string | undefined;
  finishedAt: string | undefined;
  exitCode: number | undefined;
  oomKilled: boolean;
  /** What it left at its terminationMessagePath, or the end of its log. */
  message: string | undefined;
  /** Address of the sandbox; only on the pause container. */
  ip: string | undefined;
  /** Its second one, where it has that. */
  ipv6?: string | undefined;
  /** Where its log is written, on the board. */
  logPath: string | undefined;
  /** Device files of the board that it was granted. */
  devices: readonly string[];
}

export interface SandboxConfig {
  podUid: string;
  podKey: string;
  namespace: string;
  podName: string;
  hostname: string;
  /** The first label of its name, where `hostname` is all of it. */
  shortName: string;
  attempt: number;
  specHash: string;
  /** Address inside the board's pod range; `undefined` with hostNetwork. */
  ip: string | undefined;
  /** One more, where the board gives pods such. */
  ipv6?: string | undefined;
  hostNetwork: boolean;
  hostIPC: boolean;
  /** Which OCI runtime is to run the pod; the engine's own when left out. Another one is refused. */
  runtimeHandler: string | undefined;
  /** Lines of /etc/hosts besides its own. */
  hostAliases: { ip: string; hostnames: string[] }[];
  /** Its name in the cluster's DNS, where it has a subdomain. */
  fqdn: string | undefined;
  sysctls: Record<string, string>;
  dns: { servers: string[]; searches: string[]; options: string[] } | undefined;
}

export interface Mount {
  source: string;
  destination: string;
  readOnly: boolean;
  /**
   * Which mounts made later are seen on the other side: the board's in the container, or both ways. None unless said.
   */
  propagation?: 'rslave' | 'rshared';
}

export interface ContainerConfig {
  podUid: string;
  podKey: string;
  namespace: string;
  podName: string;
  containerName: string;
  attempt: number;
  specHash: string;
  image: string;
  /** Replaces the image's entrypoint / cmd where given, as Kubernetes' command / args. */
  command: string[] | undefined;
  args: string[] | undefined;
  env: Record<string, string>;
  workingDir: string | undefined;
  mounts: Mount[];
  /** Files of the board such as `/dev/i2c-1`, to read and write under the same name. */
  devices: string[];
  resources: { cpuShares?: number; cpuQuotaUs?: number; cpuPeriodUs?: number; memoryLimitBytes?: number };
  /** `uid[:gid]`, or the image's own user with a group. */
  user: string | undefined;
  /** Supplementary groups. */
  groups: number[];
  privileged: boolean;
  capabilities: { add: string[]; drop: string[] };
  readOnlyRootFilesystem: boolean;
  confinement: {
    noNewPrivileges: boolean;
    /** `unconfined`, or a profile's file; `undefined` = the runtime's own. */
    seccomp: string | undefined;
    /** `unconfined`, or a profile's name. */
    appArmor: string | undefined;
    unmaskedProc: boolean;
  };
  /** Whose processes it sees: its own, the pod's, the board's, or those of the container with that id. */
  processes: 'own' | 'pod' | 'board' | { ofContainer: string };
  hostIPC: boolean;
  /** Such as `SIGUSR1`; `undefined` = the image's, or SIGTERM. */
  stopSignal: string | undefined;
  /** -997 to 1000: whom the kernel kills first. */
  oomScoreAdj: number;
  terminationMessage: { path: string; fallsBackToLog: boolean };
  tty: boolean;
  stdin: boolean;
}

/** A process of a container whose streams are held here. They go no faster than the other end. */
export interface RuntimeProcess {
  /** Ending it is the end of the process' input; `undefined` unless asked for. */
  readonly stdin: Writable | undefined;
  /** Ends with the process. With a terminal it has all output. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** The terminal's size; nothing without one, and for a process that has ended. */
  resize(size: TerminalSize): Promise<void>;
  /** Resolves after the streams have ended: the exit code, `undefined` where streams of a container were joined. */
  exitCode(): Promise<number | undefined>;
  /** Nobody waits for it any more: ends what exec() started, and lets go of what attach() joined. */
  release(): Promise<void>;
}

/** How a command ended that was run for the board itself. */
export interface ExecOutcome {
  /** `undefined`: it was killed because its time was over. */
  exitCode: number | undefined;
  /** Both of its outputs, at most 10 KiB. */
  output: string;
}

export interface ExecLimits {
  timeoutMs?: number;
  /** Kills it as well. */
  signal?: AbortSignal;
}

/** Where a pull goes to when not to the registry in the image's own name, and what it shows there. */
export interface ImageSource {
  /** Such as `mirror.local:5000/library/redis:7`; the image gets its own name nevertheless. */
  reference?: string;
  auth?: RegistryAuth;
  insecure?: boolean;
  /** PEM, trusted for this registry beside the board's own authorities. */
  ca?: string;
}

export interface RuntimeImage {
  /** `sha256:…` of its configuration. */
  id: string;
  /** Full names with tag, such as `docker.io/library/redis:7`; none for one that lost them. */
  names: string[];
  /** Such as `docker.io/library/redis@sha256:…`. */
  digests: string[];
  sizeBytes: number;
  /** How many containers, of whomever, were made from it. */
  containers: number;
}

/** Images by other ways than a registry. Every method rejects with a RuntimeError. */
export interface ImageStore {
  list(): Promise<RuntimeImage[]>;
  /** The image as a tar archive as `docker save` makes it, without its names. */
  save(id: string): Promise<Readable>;
  /** Takes in an archive of `docker save` or of the OCI layout; resolves with the names it held, or its id. */
  load(archive: Readable): Promise<string[]>;
  tag(id: string, name: string): Promise<void>;
  /** A name, or an id with all its names. What is not there counts as removed. */
  remove(image: string): Promise<void>;
}

/** Why the engine refused: its words, and a reason the pod's status can show. */
export class RuntimeError extends Error {
  /**
   * `ErrImagePull`, `InvalidImageName`, `CreatePodSandboxError`, `CreateContainerError`, `RunContainerError`,
   * `KillContainerError`, `KillPodSandboxError`, `ResizeContainerError`, `ImageInspectError`, `ExecError`, `AttachError`,
   * or `RuntimeUnavailable`: no engine to ask.
   */
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.name = 'RuntimeError';
    this.reason = reason;
  }
}

export interface RuntimeVersion {
  name: string;
  version: string;
}

/**
 * Every method rejects with a RuntimeError. Removals are idempotent: what is not there counts as removed.
 */
export interface Runtime extends Component {
  version(): Promise<RuntimeVersion>;
  /** All that carries this agent's label, also what is dead; one call to the engine. */
  list(): Promise<RuntimeContainer[]>;
  inspect(id: string): Promise<RuntimeContainer | undefined>;
  /** Makes and mends what pods need of the board's network; called when that is known or has changed. */
  prepareNetwork(): Promise<void>;
  /** The pause container: made and started, holding network, IPC and UTS. */
  startSandbox(config: SandboxConfig): Promise<RuntimeContainer>;
  /** Removes the pause container and all that is joined to it, killing what still runs. */
  removeSandbox(podUid: string): Promise<void>;
  /** Makes and starts a container in the sandbox. Half-made ones are gone when this rejects. */
  startContainer(sandbox: RuntimeContainer, config: ContainerConfig): Promise<RuntimeContainer>;
  /** SIGTERM (or the image's stop signal), then SIGKILL after `graceSeconds`. */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  /**
   * Other limits for a container that runs. Rejects with `ResizeContainerError`, also where it uses more memory than it
   * would have.
   */
  updateResources(id: string, resources: ContainerConfig['resources']): Promise<void>;
  removeContainer(id: string): Promise<void>;
  /** The pod is gone for good: its log files go too. Removing containers or the sandbox alone keeps them. */
  removeLogs(podUid: string): Promise<void>;
  /** Starts a process in a running container. A program that is not there ends with 126 or 127, as in a shell. */
  exec(id: string, command: readonly string[], streams: ProcessStreams): Promise<RuntimeProcess>;
  /**
   * Runs a command to its end, for probes and hooks: by the cheapest way, never longer than its limits.
   * Rejects with `ExecError` when it cannot be started.
   */
  execSync(id: string, command: readonly string[], limits: ExecLimits): Promise<ExecOutcome>;
  /** Joins the streams of a running container's own process, from now on. */
  attach(id: string, streams: ProcessStreams): Promise<RuntimeProcess>;
  imageExists(image: string): Promise<boolean>;
  /** USER of an image that is there, such as `1000:1000` or `app`; empty = root. */
  imageUser(image: string): Promise<string>;
  /** Resolves with the image id. Concurrent pulls of one image from one place share the work. */
  pullImage(image: string, source?: ImageSource): Promise<string>;
  imageStore(): Promise<ImageStore>;
  /** `look` means: inspect this container again; `undefined` = list all again. */
  onChange(look: (containerId: string | undefined) => void): () => void;
}
