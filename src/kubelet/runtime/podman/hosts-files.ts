// A pod's /etc/hosts, one file for all its containers. podman's own would name every container of the pod, dead
// ones too, and the board besides.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxConfig } from '../runtime.ts';

export class HostsFiles {
  readonly #folder: string;

  /** `folder` is memory-backed: the files are written anew with each sandbox. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  path(podUid: string): string {
    return join(this.#folder, podUid, 'hosts');
  }

  async write(config: SandboxConfig): Promise<void> {
    await mkdir(join(this.#folder, config.podUid), { recursive: true, mode: 0o755 });
    const text = config.hostNetwork ? await readFile('/etc/hosts', 'utf8') : hostsText(config);
    await writeFile(this.path(config.podUid), text, { mode: 0o644 });
  }

  async remove(podUid: string): Promise<void> {
    await rm(join(this.#folder, podUid), { recursive: true, force: true });
  }
}

/** What upstream's kubelet writes: loopback names, then the pod's address and host name. */
export function hostsText(config: Pick<SandboxConfig, 'ip' | 'hostname'>): string {
  const lines = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
  ];
  return `${[...lines, `${config.ip}\t${config.hostname}`].join('\n')}\n`;
}
