// What pause containers may ask of the kernel: less than the machine's own filter (seccomp.json) gives containers, as a
// program that sleeps needs neither foreign architectures nor what depends on arguments. Turning the whole filter into
// the kernel's form takes a third of what starting a container costs, and every pod has a pause container.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileIfPresent } from '../../../base/if-present.ts';
import { RuntimeError } from '../runtime.ts';

/** Those that podman reads, the first that there is. */
const MACHINE_PROFILES = ['/etc/containers/seccomp.json', '/usr/share/containers/seccomp.json'];

/** Of seccomp.json, in Docker's form: https://docs.docker.com/engine/security/seccomp/ */
export interface SeccompProfile {
  defaultAction: string;
  /** Which architectures a kernel of one runs besides; with none the filter is for the kernel's own alone. */
  archMap?: unknown;
  syscalls: { names: string[]; action: string; args?: object[] | null }[];
}

export function pauseProfile({ archMap: _, ...profile }: SeccompProfile): SeccompProfile {
  const hasNoArguments = ({ args }: SeccompProfile['syscalls'][number]) => !args?.length;
  return { ...profile, syscalls: profile.syscalls.filter(hasNoArguments) };
}

/**
 * The path of the profile for pause containers; `undefined` on a machine that has none to take it from. Rejects with
 * `RuntimeUnavailable` where podman could read the machine's own as little.
 */
export async function writePauseProfile(
  runDir: string,
  machineProfiles: readonly string[] = MACHINE_PROFILES,
): Promise<string | undefined> {
  for (const machineProfile of machineProfiles) {
    const text = await readFileIfPresent(machineProfile);
    if (text === undefined) continue;
    const path = join(runDir, 'pause-seccomp.json');
    await mkdir(runDir, { recursive: true, mode: 0o700 });
    await writeFile(path, JSON.stringify(pauseProfile(parsed(text, machineProfile))));
    return path;
  }
  return undefined;
}

function parsed(text: string, path: string): SeccompProfile {
  const profile = jsonOrNot(text) as Partial<SeccompProfile> | null | undefined;
  if (Array.isArray(profile?.syscalls)) return profile as SeccompProfile;
  const what = `${path} is no seccomp profile, so no container could start`;
  throw new RuntimeError('RuntimeUnavailable', `${what}: mend or remove it`);
}

function jsonOrNot(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
