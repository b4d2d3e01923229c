// Our nft tables as last applied: both change in one transaction, and nothing is run for what is the same already.
import { type DesiredNetwork, NFT_SERVICES_TABLE, NFT_TABLE } from './board-network.ts';
import type { CommandRunner } from './command-runner.ts';
import { listNft, tableNames } from './nft-listing.ts';
import { renderTable } from './nft-table.ts';
import type { ServiceRules } from './service-rules.ts';
import type { UdpTracks } from './udp-tracks.ts';

/** Where the kernel does not forward Services, what an agent left that had it do so goes. */
const noServiceRules: ServiceRules = {
  text: `table ip ${NFT_SERVICES_TABLE} {}\ndelete table ip ${NFT_SERVICES_TABLE}\n`,
  names: new Set(),
};

export class NftTables {
  readonly #commands: CommandRunner;
  #applied = '';
  /** What Services have in the second; `undefined` = not looked yet, a killed agent may have left some. */
  #present: ReadonlySet<string> | undefined;
  #tracks: UdpTracks | undefined;

  constructor(commands: CommandRunner) {
    this.#commands = commands;
  }

  async apply(desired: DesiredNetwork, hasTunnel: boolean): Promise<void> {
    if (desired.kernelPorts === 'unknown' && (await this.#ours()).includes(NFT_SERVICES_TABLE)) return;
    const rules = await serviceRules(desired);
    const text = rules.text + renderTable(desired, hasTunnel);
    if (text === this.#applied) return;
    if (rules === noServiceRules) this.#present = new Set();
    else this.#present ??= await this.#list();
    await this.#replace(text);
    await this.#sweep(rules.names);
    this.#applied = text;
  }

  /** Returns the names of those that were there. */
  async remove(): Promise<string[]> {
    this.#applied = '';
    this.#present = undefined;
    const there = await this.#ours();
    await this.#nft(there.map((name) => `delete table ip ${name}\n`).join(''));
    return there;
  }

  /** A table that another version of ours has left may be of another shape: then it is made anew. */
  async #replace(text: string): Promise<void> {
    try {
      await this.#nft(text);
    } catch {
      await this.#nft(noServiceRules.text + text);
      this.#present = new Set();
    }
  }

  async #sweep(wanted: ReadonlySet<string>): Promise<void> {
    const stale = [...(this.#present ?? [])].filter((name) => !wanted.has(name));
    if (stale.length > 0) {
      const { renderSweep } = await import('./service-rules.ts');
      await this.#nft(renderSweep(stale));
    }
    this.#present = wanted;
  }

  /** To be called when all else is there. Where the kernel forwards no UDP, nothing is loaded and run for it. */
  async settleTracks({ kernelPorts = [] }: DesiredNetwork): Promise<void> {
    if (kernelPorts === 'unknown') return;
    if (!this.#tracks && !kernelPorts.some(({ protocol }) => protocol === 'udp')) return;
    const { UdpTracks } = await import('./udp-tracks.ts');
    this.#tracks ??= new UdpTracks(this.#commands);
    await this.#tracks.settle(kernelPorts);
  }

  async #ours(): Promise<string[]> {
    const names = await tableNames(this.#commands, 'ip');
    return names.filter((name) => name === NFT_TABLE || name === NFT_SERVICES_TABLE);
  }

  /** Without the elements, of which there may be many. */
  async #list(): Promise<ReadonlySet<string>> {
    if (!(await this.#ours()).includes(NFT_SERVICES_TABLE)) return new Set();
    const what = ['--terse', 'list', 'table', 'ip', NFT_SERVICES_TABLE];
    const entries = await listNft<Record<string, { name?: string }>>(this.#commands, ...what);
    const kinds = ['chain', 'counter', 'set'] as const;
    const names = entries.flatMap((entry) =>
      kinds.flatMap((kind) => (entry[kind] ? [`${kind} ${entry[kind].name}`] : [])),
    );
    return new Set(names.filter((name) => name.includes('/')));
  }

  async #nft(text: string): Promise<void> {
    if (text !== '') await this.#commands.run('nft', ['-f', '-'], text);
  }
}

async function serviceRules(desired: DesiredNetwork): Promise<ServiceRules> {
  const { kernelPorts, goneEndpoints, podCIDR, ...ranges } = desired;
  if (!kernelPorts || kernelPorts === 'unknown' || podCIDR === undefined) return noServiceRules;
  const { renderServices } = await import('./service-rules.ts');
  return renderServices({ ...ranges, podCIDR }, kernelPorts, goneEndpoints);
}
