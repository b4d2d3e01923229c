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
    const own = config.hostNetwork ? await boardHosts() : hostsText(config);
    await writeFile(this.path(config.podUid), `${own}${aliasesText(config.hostAliases)}`, { mode: 0o644 });
  }

  async remove(podUid: string): Promise<void> {
    await rm(join(this.#folder, podUid), { recursive: true, force: true });
  }
}

/** A folder for each pod by its uid, in memory: its hosts file and its containers' messages. */
export function podFilesFolder(runDir: string): string {
  return join(runDir, 'pods');
}

export async function removePodFiles(runDir: string, podUid: string): Promise<void> {
  await rm(join(podFilesFolder(runDir), podUid), { recursive: true, force: true });
}

async function boardHosts(): Promise<string> {
  return `# Kubernetes-managed hosts file (host network).\n${await readFile('/etc/hosts', 'utf8')}`;
}

/** What the pod itself asks for, told apart by upstream's heading. */
export function aliasesText(aliases: SandboxConfig['hostAliases']): string {
  if (aliases.length === 0) return '';
  const lines = aliases.map(({ ip, hostnames }) => [ip, ...hostnames].join('\t'));
  return `\n# Entries added by HostAliases.\n${lines.join('\n')}\n`;
}

type OwnName = Pick<SandboxConfig, 'ip' | 'ipv6' | 'shortName' | 'fqdn'>;

/** What upstream's kubelet writes: loopback names, then the pod's addresses and host name. */
export function hostsText(config: OwnName): string {
  const lines = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
  ];
  const { ip, ipv6, ...names } = config;
  const own = ipv6 ? [nameLine({ ip, ...names }), nameLine({ ip: ipv6, ...names })] : [nameLine(config)];
  return `${[...lines, ...own].join('\n')}\n`;
}

function nameLine({ ip, shortName, fqdn }: OwnName): string {
  return [ip, ...(fqdn ? [fqdn] : []), shortName].join('\t');
}
