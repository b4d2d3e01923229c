// Joins a pod's spec with what the board knows (ConfigMaps, Services, addresses, volumes) into engine configs.
import type { core, Pod } from '../../api/objects.ts';
import type { ConfigSource, ContainerExtras } from '../pods/container-starter.ts';
import type { DesiredState } from '../ports.ts';
import type { ContainerConfig, SandboxConfig } from '../runtime/runtime.ts';
import type { Volumes } from '../volumes/pod-volumes.ts';
import { holdsProjectedFiles } from '../volumes/volume-sources.ts';
import { ConfigError } from './config-error.ts';
import { lookupIn } from './config-lookup.ts';
import { containerConfig, kernelHostname, type SandboxAddresses, sandboxConfig } from './container-config.ts';
import { environmentOf } from './environment.ts';
import type { PodPlace } from './field-ref.ts';
import { type FileLookup, filesFor } from './file-lookup.ts';
import type { Resolver } from './pod-dns.ts';
import { needsImageUser } from './security.ts';

export interface DesiredConfigSourceOptions {
  nodeName: string;
  volumes: Volumes;
  clusterDomain: string;
  clusterDns(): string | undefined;
  desired(): DesiredState | undefined;
  /** True while `desired` is a checkpoint, for want of a master. */
  isProvisional(): boolean;
  /** Variables of the Services for a pod; `undefined` until the Services are known. */
  serviceVariables(pod: Pod): Readonly<Record<string, string>> | undefined;
  hostAddresses(): readonly string[];
  allocatable(): PodPlace['allocatable'];
  /** USER of an image that is there. */
  imageUser(image: string): Promise<string>;
  /** Where seccomp profiles of the board's own are. */
  seccompFolder: string;
  boardMemoryBytes: number;
  boardHostname: string;
  /** The board's own resolver, for pods on the board's network or on their own. */
  hostResolver(isOnBoard: boolean): Promise<Resolver>;
}

export class DesiredConfigSource implements ConfigSource {
  readonly #options: DesiredConfigSourceOptions;

  constructor(options: DesiredConfigSourceOptions) {
    this.#options = options;
  }

  async sandbox(pod: Pod, attempt: number, addresses: SandboxAddresses): Promise<SandboxConfig> {
    const { clusterDns, clusterDomain, hostResolver } = this.#options;
    return sandboxConfig(pod, attempt, addresses, {
      clusterDns: clusterDns(),
      clusterDomain,
      host: await hostResolver(pod.spec.hostNetwork ?? false),
    });
  }

  async container(
    pod: Pod,
    container: core.Container,
    attempt: number,
    addresses: SandboxAddresses,
    { targetId, devices }: ContainerExtras,
  ): Promise<ContainerConfig> {
    const configs = lookupIn(this.#state(), pod.metadata.namespace ?? 'default');
    const serviceVariables = this.#options.serviceVariables(pod);
    if (!serviceVariables) {
      throw new ConfigError('services have not yet been read at least once, cannot construct envvars');
    }
    const known = { configs, serviceVariables, place: this.#place(pod, addresses) };
    const needsEnv = container.volumeMounts?.some(({ subPathExpr }) => subPathExpr);
    const env = needsEnv ? environmentOf({ ...known, pod, container }) : new Map<string, string>();
    const mounts = await this.#options.volumes.mountsFor(pod, container, this.#filesFor(pod), env);
    const imageUser = needsImageUser(pod, container)
      ? await this.#options.imageUser(container.image ?? '')
      : undefined;
    const { seccompFolder, boardMemoryBytes, boardHostname, clusterDomain } = this.#options;
    const hostname = pod.spec.hostNetwork ? boardHostname : kernelHostname(pod, clusterDomain);
    const given = {
      attempt,
      mounts,
      devices,
      targetId,
      imageUser,
      seccompFolder,
      boardMemoryBytes,
      hostname,
    };
    return containerConfig(pod, container, { ...known, ...given });
  }

  async refreshVolumes(pod: Pod): Promise<void> {
    if (!pod.spec.volumes?.some(holdsProjectedFiles)) return;
    await this.#options.volumes.refresh(pod, this.#filesFor(pod));
  }

  #filesFor(pod: Pod): FileLookup {
    return filesFor(pod, this.#state(), this.#place(pod), this.#options.isProvisional());
  }

  #state(): DesiredState {
    const { desired } = this.#options;
    return desired() ?? { pods: new Map(), configMaps: new Map(), secrets: new Map(), volumes: new Map() };
  }

  #place(pod: Pod, { ip, ipv6 }: SandboxAddresses = {}): PodPlace {
    const [hostIP, hostIPv6] = this.#options.hostAddresses();
    return {
      nodeName: this.#options.nodeName,
      podIP: pod.spec.hostNetwork ? hostIP : ip,
      podIPv6: pod.spec.hostNetwork ? hostIPv6 : ipv6,
      hostIP,
      hostIPv6,
      allocatable: this.#options.allocatable(),
    };
  }
}
