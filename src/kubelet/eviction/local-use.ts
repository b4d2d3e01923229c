// What a pod takes of the board's disk, by volume and container: a walk of its folders, as du does it.
import { join } from 'node:path';
import type { Pod } from '../../api/objects.ts';
import { keyOf, splitKey } from '../../api/objects.ts';
import { podLogFolder } from '../logs/log-paths.ts';
import type { RuntimeContainer } from '../runtime/runtime.ts';
import { diskUse } from './disk-use.ts';
import type { LocalUse } from './local-limits.ts';
import { layerUse, type PodUseOptions } from './pod-use.ts';

/** `running`: containers of the board. */
export async function localUse(
  pod: Pod,
  running: readonly RuntimeContainer[],
  { volumesDir, logDir }: PodUseOptions,
): Promise<LocalUse> {
  const { uid } = pod.metadata;
  const { namespace = 'default', name } = splitKey(keyOf(pod));
  const volumes: Record<string, number> = {};
  for (const volume of pod.spec.volumes ?? []) {
    if (!volume.emptyDir || volume.emptyDir.medium === 'Memory') continue;
    volumes[volume.name] = (await diskUse(join(volumesDir, uid, volume.name))).bytes;
  }
  const logs = podLogFolder(logDir, { namespace, podName: name, podUid: uid });
  const containers: Record<string, number> = {};
  for (const { name: container } of pod.spec.containers) {
    const own = running.find(({ podUid, containerName }) => podUid === uid && containerName === container);
    const layer = own?.pid ? ((await layerUse(own.pid))['ephemeral-storage'] ?? 0) : 0;
    const said = await diskUse(join(logs, container));
    containers[container] = layer + said.bytes;
  }
  return { volumes, containers };
}
