// What a killed podman or a removed pod left, cleared once when the agent starts: bare storage under names of ours
// and log folders of pods that are gone. It never touches what runs.
import type { Clock } from '../../../base/clock.ts';
import type { Logger } from '../../../base/logger.ts';
import { sweepLogs } from '../../logs/log-paths.ts';
import { containerList } from './container-list.ts';
import type { LibpodClient } from './libpod-client.ts';
import type { LibpodContainers } from './libpod-containers.ts';

export interface SweepOptions {
  client: LibpodClient;
  containers: LibpodContainers;
  logDir: string;
  clock: Clock;
  logger: Logger;
}

interface ExternalContainer {
  Id: string;
  Names: string[];
  State: string;
  Created: string;
}

/** Names as labels.ts makes them. */
const ownName = /^[a-z0-9.-]+_[a-z0-9-]+_[a-z0-9-]+_[0-9a-f-]{8}_\d+$/;
/** Another agent's podman on the same store may be in the middle of making it. */
const youngestMs = 5 * 60_000;

export async function sweep(options: SweepOptions): Promise<void> {
  await sweepStorage(options);
  const live = new Set((await options.containers.list()).map((container) => container.podUid));
  await sweepLogs(options.logDir, live);
}

async function sweepStorage({ client, containers, clock, logger }: SweepOptions): Promise<void> {
  const all = await containerList<ExternalContainer>(client, 'all=true&external=true');
  for (const { Names, State, Created } of all) {
    const name = Names[0] ?? '';
    const isOurs = State.toLowerCase() === 'storage' && ownName.test(name);
    if (!isOurs || clock.now() - Date.parse(Created) < youngestMs) continue;
    await containers.remove(name);
    logger.info({ name }, 'removed storage of a container that a killed podman did not finish');
  }
}
