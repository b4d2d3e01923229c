// A pod's /etc/resolv.conf, one file for all its containers, beside its hosts file: podman makes none where it does not
// make the network.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere } from '../../../base/if-present.ts';
import { hostResolverText } from '../../board/host-resolver.ts';
import type { SandboxConfig } from '../runtime.ts';

export class ResolvFiles {
  readonly #folder: string;

  /** `folder` holds one for each pod, by its uid. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `undefined` where an older agent made the sandbox: its containers have podman's. */
  async path(podUid: string): Promise<string | undefined> {
    const path = this.#path(podUid);
    return (await isThere(path)) ? path : undefined;
  }

  async write(config: SandboxConfig): Promise<void> {
    const text = config.dns ? resolvText(config.dns) : await hostResolverText(config.hostNetwork);
    await writeFile(this.#path(config.podUid), text, { mode: 0o644 });
  }

  #path(podUid: string): string {
    return join(this.#folder, podUid, 'resolv.conf');
  }
}

export function resolvText({ servers, searches, options }: NonNullable<SandboxConfig['dns']>): string {
  return [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}`] : []),
    ...servers.map((server) => `nameserver ${server}`),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    '',
  ].join('\n');
}
