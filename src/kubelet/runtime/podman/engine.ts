// All that speaks to podman, put together for one machine once preflight has found it fit.

import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import type { Logger } from '../../../base/logger.ts';
import { defaultLogLimits } from '../../logs/log-limits.ts';
import { sweepLogs } from '../../logs/log-paths.ts';
import { RuntimeError } from '../runtime.ts';
import { Aftermath } from './aftermath.ts';
import { Containers } from './container.ts';
import { containersConf } from './containers-conf.ts';
import { putDamagedAside } from './damaged-store.ts';
import { DiskReserve } from './disk-reserve.ts';
import { removeEmptyLinks } from './empty-links.ts';
import type { Exits } from './exits.ts';
import { removeFormerNetwork } from './former-network.ts';
import { HostsFiles, podFilesFolder } from './hosts-files.ts';
import { ImageMender } from './image-mender.ts';
import { Images } from './images.ts';
import { LibpodClient } from './libpod-client.ts';
import { LibpodContainers } from './libpod-containers.ts';
import { Making } from './making.ts';
import { type NetworkOptions, PodNetwork } from './network.ts';
import { OciExec } from './oci-exec.ts';
import { OciLeftovers } from './oci-leftovers.ts';
import { writePauseProfile } from './pause-seccomp.ts';
import { prepareHome } from './podman-home.ts';
import { type Machine, preflight } from './preflight.ts';
import { Processes } from './processes.ts';
import { RegistryAuthorities } from './registry-authorities.ts';
import { Resize } from './resize.ts';
import { ResolvFiles } from './resolv-files.ts';
import { Sandboxes } from './sandbox.ts';
import { PodmanService } from './service.ts';
import { defaultStorageRoot, type MachineSettings, type PodmanStorage } from './settings.ts';
import { StuckStarts } from './stuck-starts.ts';
import { sweep } from './sweep.ts';
import { TerminationMessages } from './termination-messages.ts';
import { Truth } from './truth.ts';
import { Uncleaned } from './uncleaned.ts';

export interface EngineOptions {
  /** The agent's own folder: containers.conf is written into it. */
  dataDir: string;
  /** Memory-backed folder of the agent with a short path, such as /run/edge-cluster: the socket is in it. */
  runDir: string;
  /** Label value: containers of other owners are neither seen nor touched. */
  owner: string;
  /** Where container logs go. */
  logDir: string;
  /** Size of a log file; as log-limits.ts has it unless said. */
  logSizeBytes?: number;
  network: NetworkOptions;
  /** A podman store apart from the machine's own; `undefined` = the machine's. */
  storage?: PodmanStorage;
  /** Image of pause containers, put there by whoever gives it; the one made of the board's catatonit unless given. */
  podInfraImage?: string | undefined;
  /** Whether stop() removes what is not a container: the pods' bridge, the room kept on podman's disk. */
  removeOnStop?: boolean;
  clock: Clock;
  logger: Logger;
}

export interface Engine {
  settings: MachineSettings;
  client: LibpodClient;
  containers: LibpodContainers;
  truth: Truth;
  images: Images;
  sandboxes: Sandboxes;
  network: PodNetwork;
  podContainers: Containers;
  processes: Processes;
  resize: Resize;
  ociExec: OciExec;
  aftermath: Aftermath;
  uncleaned: Uncleaned;
  imageMender: ImageMender;
  reserve: DiskReserve;
}

/** Rejects with `RuntimeUnavailable` and what to do about it. */
export async function prepareEngine(options: EngineOptions, machine: Machine, exits: Exits): Promise<Engine> {
  const result = await preflight(machine);
  if ('problem' in result) throw new RuntimeError(result.problem.reason, result.problem.message);
  const containersConfPath = await writeConf(options.dataDir, result.settings);
  await prepareHome(join(options.dataDir, 'home'), homedir());
  await removeEmptyLinks(options.storage?.root ?? defaultStorageRoot, options.logger);
  const pauseSeccompPath = await writePauseProfile(options.runDir);
  const engine = build(options, { settings: result.settings, containersConfPath, pauseSeccompPath }, exits);
  const live = new Set((await engine.containers.list()).map((container) => container.podUid));
  await sweepLogs(options.logDir, live);
  await removeFormerNetwork(engine.client, networkConfigDir(options.dataDir), options.logger);
  engine.aftermath.expect();
  return engine;
}

const networkConfigDir = (dataDir: string) => join(dataDir, 'networks');

async function writeConf(dataDir: string, settings: MachineSettings): Promise<string> {
  const path = join(dataDir, 'containers.conf');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeFile(path, containersConf(settings, networkConfigDir(dataDir)), { mode: 0o600 });
  return path;
}

/** Found out and written down before podman is asked for anything. */
interface Prepared {
  settings: MachineSettings;
  containersConfPath: string;
  pauseSeccompPath: string | undefined;
}

function build(options: EngineOptions, prepared: Prepared, exits: Exits): Engine {
  const { settings, containersConfPath, pauseSeccompPath } = prepared;
  const { owner, runDir, storage, clock, logger, logDir } = options;
  const { podmanPath, ociRuntime } = settings;
  const homeDir = join(options.dataDir, 'home');
  const aftermath = new Aftermath({ sweep: () => sweep(leftovers), clock, logger });
  const onDeath = () => aftermath.expect();
  const storageRoot = storage?.root ?? defaultStorageRoot;
  const onDamage = (said: string) => putDamagedAside(said, { storageRoot, logger });
  const service = new PodmanService({
    onDamage,
    podmanPath,
    runDir,
    containersConfPath,
    storage,
    homeDir,
    onDeath,
    clock,
  });
  const reserve = new DiskReserve({ path: join(storageRoot, 'edge-cluster-reserve') });
  const client = new LibpodClient(service, reserve);
  const ociLeftovers = new OciLeftovers({ ociRuntime, storageRoot, logger });
  const containers = new LibpodContainers(client, owner, ociLeftovers);
  const cleanUp = (id: string) => service.cleanUp(id);
  const uncleaned = new Uncleaned({ containers, cleanUp, clock, logger });
  containers.onUncleaned((id) => uncleaned.expect(id));
  const messages = new TerminationMessages(podFilesFolder(runDir));
  const truth = new Truth(containers, exits, messages);
  const stuckStarts = new StuckStarts({ clock, logger });
  const making = new Making({ containers, truth, exits, reserve, stuckStarts });
  const images = new Images(client, new RegistryAuthorities(homeDir));
  const network = new PodNetwork(options.network);
  const hostsFiles = new HostsFiles(podFilesFolder(runDir));
  const resolvFiles = new ResolvFiles(podFilesFolder(runDir));
  const maySpareFromOom = settings.ulimits === undefined;
  const imageMender = new ImageMender({ client, owner, logger });
  const sandboxes = new Sandboxes({
    owner,
    imageMender,
    settings,
    containers,
    making,
    images,
    podInfraImage: options.podInfraImage,
    pauseSeccompPath,
    network,
    hostsFiles,
    resolvFiles,
  });
  const leftovers = { client, containers, ociLeftovers, clock, logger };
  return {
    settings,
    client,
    containers,
    truth,
    images,
    network,
    sandboxes,
    aftermath,
    uncleaned,
    imageMender,
    reserve,
    podContainers: new Containers({
      clock,
      owner,
      logDir,
      logSizeBytes: options.logSizeBytes ?? defaultLogLimits.maxSizeBytes,
      containers,
      making,
      hostsFiles,
      resolvFiles,
      network,
      messages,
      maySpareFromOom,
    }),
    processes: new Processes(client, containers),
    resize: new Resize({ client, containers }),
    ociExec: new OciExec({ ociRuntime, runDir, clock }),
  };
}
