// What goes wrong with a volume, told as kubelet tells it: which volume, then why. Also what the board's own file
// system says counts as the pod's: it is in nobody's way, and somebody has to read of it.
import { ConfigError } from '../config/config-error.ts';

/** Rejects with a `FailedMount` that names the volume; a claim's goes by the name of its PersistentVolume. */
export function settingUp<T>(volume: string, work: () => Promise<T>): Promise<T> {
  return work().catch((error: unknown) => {
    throw failure(error, `MountVolume.SetUp failed for volume "${volume}" : `, 'FailedMount');
  });
}

/** Throws a `FailedMount` that names the volume as the pod does, as it has no other yet. */
export function processingClaim<T>(volume: string, claimKey: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const what = `Unable to attach or mount volumes: unmounted volumes=[${volume}]: error processing PVC ${claimKey}: `;
    throw failure(error, what, 'FailedMount');
  }
}

/** Rejects with a `CreateContainerConfigError` that names the mount. */
export function preparingSubPath<T>(mount: string, container: string, work: () => Promise<T>): Promise<T> {
  return work().catch((error: unknown) => {
    const what = `failed to prepare subPath for volumeMount "${mount}" of container "${container}": `;
    throw failure(error, what, 'CreateContainerConfigError');
  });
}

function failure(error: unknown, what: string, reason: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof ConfigError) return new ConfigError(what + error.message, reason);
  if (code === undefined || syscall === undefined) return error;
  return new ConfigError(what + (error as Error).message, reason);
}
