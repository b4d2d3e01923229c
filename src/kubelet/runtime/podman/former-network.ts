// The network that earlier versions of the agent had podman make. Pods in it go on on the same bridge, beside new ones;
// without pods it is removed.
import { join } from 'node:path';
import { isThere } from '../../../base/if-present.ts';
import type { Logger } from '../../../base/logger.ts';
import type { LibpodClient } from './libpod-client.ts';
import { LibpodError } from './libpod-error.ts';

const NAME = 'edge';

/** `networkConfigDir` holds podman's definitions of networks: one look there tells whether there is something to do. */
export async function removeFormerNetwork(
  client: LibpodClient,
  networkConfigDir: string,
  logger: Logger,
): Promise<void> {
  if (!(await isThere(join(networkConfigDir, `${NAME}.json`)))) return;
  try {
    // Not by force: that would remove the containers with it.
    await client.call({ method: 'DELETE', path: `/networks/${NAME}` });
  } catch (error) {
    if (!(error instanceof LibpodError)) throw error;
    logger.info({ err: error }, "podman's network of an earlier version stays while pods are in it");
  }
}
