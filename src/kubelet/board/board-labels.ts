// What a board is, as labels that pods can choose by: model, chip, memory, kernel, system. Its serial number is none of
// them: labels are copied into dashboards and logs; the number stands in the Node's systemUUID, as a PC's does.
import { release } from 'node:os';
import { type BoardFiles, listOf } from './board-files.ts';

const PREFIX = 'edge-cluster.io';
const GIB = 1024 ** 3;
/** What is sold; the firmware keeps some of it, so the kernel sees less. */
const MEMORY_SIZES_GIB = [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256];

export async function boardLabels(files: BoardFiles, memoryBytes: number): Promise<Record<string, string>> {
  const model =
    (await files.text('proc/device-tree/model')) ?? (await files.text('sys/class/dmi/id/product_name'));
  const os = osOf((await files.text('etc/os-release')) ?? '');
  const labels: Record<string, string | undefined> = {
    'node.kubernetes.io/instance-type': model,
    [`${PREFIX}/model`]: model,
    [`${PREFIX}/soc`]: chipOf((await files.text('proc/device-tree/compatible')) ?? ''),
    [`${PREFIX}/memory`]: memorySize(memoryBytes),
    [`${PREFIX}/kernel`]: release(),
    [`${PREFIX}/os`]: os.id,
    [`${PREFIX}/os-version`]: os.version,
  };
  const known = Object.entries(labels).map(([name, text]) => [name, labelValue(text ?? '')]);
  return Object.fromEntries(known.filter(([, value]) => value));
}

/** The last and most general of `raspberrypi,4-model-b brcm,bcm2711`. */
function chipOf(compatible: string): string | undefined {
  return listOf(compatible).at(-1)?.split(',').at(-1);
}

/** The size it was sold with: `4Gi`, `512Mi`. */
function memorySize(bytes: number): string {
  const size = MEMORY_SIZES_GIB.find((gib) => gib * GIB >= bytes) ?? Math.round(bytes / GIB);
  return size < 1 ? `${size * 1024}Mi` : `${size}Gi`;
}

function osOf(osRelease: string): { id?: string; version?: string } {
  const field = (name: string) => new RegExp(`^${name}="?(.*?)"?$`, 'm').exec(osRelease)?.[1];
  const [id, version] = [field('ID'), field('VERSION_ID')];
  return { ...(id ? { id } : {}), ...(version ? { version } : {}) };
}

/** A label's value has no spaces: `Raspberry-Pi-4-Model-B-Rev-1.4`. */
function labelValue(text: string): string {
  return text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
