// Clears what a killed podman left: bare storage under names of ours, half-made containers that only the OCI runtime
// knows. It never touches what runs or is being made.
import type { Clock } from '../../../base/clock.ts';
import type { Logger } from '../../../base/logger.ts';
import { containerList } from './container-list.ts';
import type { LibpodClient } from './libpod-client.ts';
import type { LibpodContainers } from './libpod-containers.ts';
import type { OciLeftovers } from './oci-leftovers.ts';

export interface SweepOptions {
  client: LibpodClient;
  containers: LibpodContainers;
  ociLeftovers: OciLeftovers;
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
const youngestMs = 60_000;

/** Resolves with whether all could be judged: something may be too young to be told from work under way. */
export async function sweep(options: SweepOptions): Promise<boolean> {
  const all = () => containerList<ExternalContainer>(options.client, 'all=true&external=true');
  const isStorageClean = await sweepStorage(await all(), options);
  await options.ociLeftovers.sweep(async () => new Set((await all()).map(({ Id }) => Id)));
  return isStorageClean;
}

async function sweepStorage(
  all: readonly ExternalContainer[],
  { containers, clock, logger }: SweepOptions,
): Promise<boolean> {
  let isClean = true;
  for (const { Names, State, Created } of all) {
    const name = Names[0] ?? '';
    if (State.toLowerCase() !== 'storage' || !ownName.test(name)) continue;
    const ageMs = clock.now() - Date.parse(Created);
    // A clock that was set back makes it seem to come from the future: then it is old.
    if (ageMs >= 0 && ageMs < youngestMs) {
      isClean = false;
      continue;
    }
    await containers.remove(name);
    logger.info({ name }, 'removed storage of a container that a killed podman did not finish');
  }
  return isClean;
}
