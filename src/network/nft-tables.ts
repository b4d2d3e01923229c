// Our nft tables of one family as last applied: both change in one transaction, and nothing is run for what is the same
// already.
import { type DesiredNetwork, NFT_SERVICES_TABLE, NFT_TABLE } from './board-network.ts';
import type { CommandRunner } from './command-runner.ts';
import type { KernelPort } from './kernel-port.ts';
import { listNft, tableNames } from './nft-listing.ts';
import {
  type FamilyName,
  type FamilyTables,
  isOfFamily,
  type RuleFamily,
  type RulePlace,
} from './rule-family.ts';
import type { ServiceRules } from './service-rules.ts';
import type { UdpPort, UdpTracks } from './udp-tracks.ts';

/** Where the kernel does not forward Services, what an agent left that had it do so goes. */
const noServiceRules = ({ name }: RuleFamily): ServiceRules => ({
  text: `table ${name} ${NFT_SERVICES_TABLE} {}\ndelete table ${name} ${NFT_SERVICES_TABLE}\n`,
  names: new Set(),
});

export class NftTables {
  readonly #commands: CommandRunner;
  readonly #tables: FamilyTables;
  readonly #none: ServiceRules;
  #applied = '';
  #changes = 0;
  #there: readonly string[] = [];
  /** What Services have in the second; `undefined` = not looked yet, a killed agent may have left some. */
  #present: ReadonlySet<string> | undefined;
  #tracks: UdpTracks | undefined;
  /** An earlier agent had the kernel forward: it still leads UDP clients that keep talking where its rules said. */
  #wasKernels = false;

  constructor(commands: CommandRunner, tables: FamilyTables) {
    this.#commands = commands;
    this.#tables = tables;
    this.#none = noServiceRules(tables.family);
  }

  async apply(desired: DesiredNetwork, hasTunnel: boolean): Promise<void> {
    if (this.#isUntold(desired) && (await this.#ours()).includes(NFT_SERVICES_TABLE)) return;
    const rules = await this.#serviceRules(desired);
    const text = rules.text + this.#tables.render(desired, hasTunnel);
    if (text === this.#applied) return;
    if (rules === this.#none) {
      this.#wasKernels ||= this.#present === undefined && (await this.#ledUdp());
      this.#present = new Set();
    } else this.#present ??= await this.#list();
    this.#changes++;
    await this.#replace(text);
    await this.#sweep(rules.names);
    this.#applied = text;
    this.#there = this.#named([
      ...(this.#tables.place(desired) ? [NFT_TABLE] : []),
      ...(rules === this.#none ? [] : [NFT_SERVICES_TABLE]),
    ]);
  }

  /** Grows whenever they begin to change. */
  get changes(): number {
    return this.#changes;
  }

  /** Those that are applied, such as `ip edge_cluster`. */
  get present(): readonly string[] {
    return this.#there;
  }

  /** Somebody may have changed or removed what was applied: the next time it is applied whole. */
  forget(): void {
    this.#applied = '';
    this.#present = undefined;
  }

  /** Returns those that were there, in words. */
  async remove(): Promise<string[]> {
    this.forget();
    const there = this.#named(await this.#ours());
    await this.#nft(there.map((table) => `delete table ${table}\n`).join(''));
    return there.map((table) => `nft table ${table}`);
  }

  /** A table that another version of ours has left may be of another shape: then it is made anew. */
  async #replace(text: string): Promise<void> {
    try {
      await this.#nft(text);
    } catch {
      await this.#nft(this.#none.text + text);
      this.#present = new Set();
    }
  }

  async #sweep(wanted: ReadonlySet<string>): Promise<void> {
    const stale = [...(this.#present ?? [])].filter((name) => !wanted.has(name));
    if (stale.length > 0) {
      const { renderSweep } = await import('./service-rules.ts');
      await this.#nft(renderSweep(this.#tables.family, stale));
    }
    this.#present = wanted;
  }

  /** To be called when all else is there. Where the kernel forwards no UDP, nothing is loaded and run for it. */
  async settleTracks(desired: DesiredNetwork): Promise<void> {
    if (this.#isUntold(desired)) return;
    const place = this.#tables.place(desired);
    const ports = place ? this.#udpPorts(desired, place) : [];
    if (!this.#tracks && ports.length === 0) return;
    const { UdpTracks } = await import('./udp-tracks.ts');
    this.#tracks ??= new UdpTracks(this.#commands, this.#tables.family);
    await this.#tracks.settle(ports);
  }

  /** Without the program no agent had the kernel lead UDP. */
  async #ledUdp(): Promise<boolean> {
    if (!(await this.#ours()).includes(NFT_SERVICES_TABLE)) return false;
    const { canForgetTracks } = await import('./udp-tracks.ts');
    return canForgetTracks(this.#commands);
  }

  #udpPorts(desired: DesiredNetwork, { family, listenAddress }: RulePlace): UdpPort[] {
    const { kernelPorts, virtualPorts } = desired;
    if (kernelPorts) return this.#portsOf(desired).filter(({ protocol }) => protocol === 'udp');
    if (!this.#wasKernels) return [];
    return virtualPorts
      .filter(({ protocol, refuses, ip }) => protocol === 'udp' && !refuses && isOfFamily(ip, family))
      .map(({ ip, port, localPort }) => ({
        ip,
        port,
        endpoints: { Cluster: [{ ip: listenAddress, port: localPort }], Local: [] },
      }));
  }

  /** None while there is nothing for them to do: packets would pass them all the same. */
  async #serviceRules(desired: DesiredNetwork): Promise<ServiceRules> {
    const place = this.#tables.place(desired);
    const ports = this.#portsOf(desired);
    const gone = (desired.goneEndpoints ?? []).filter(({ ip }) => isOfFamily(ip, this.#tables.family));
    if (!place || ports.length + gone.length === 0) return this.#none;
    const { renderServices } = await import('./service-rules.ts');
    return renderServices(place, ports, gone);
  }

  #portsOf({ kernelPorts = [] }: DesiredNetwork): KernelPort[] {
    return kernelPorts.filter(({ ip }) => isOfFamily(ip, this.#tables.family));
  }

  /** Where the board has no place any more, there is nothing to be told. */
  #isUntold(desired: DesiredNetwork): boolean {
    return this.#tables.place(desired) !== undefined && desired.untold?.includes(this.#family) === true;
  }

  get #family(): FamilyName {
    return this.#tables.family.name;
  }

  #named(tables: readonly string[]): string[] {
    return tables.map((name) => `${this.#family} ${name}`);
  }

  async #ours(): Promise<string[]> {
    const names = await tableNames(this.#commands, this.#family);
    return names.filter((name) => name === NFT_TABLE || name === NFT_SERVICES_TABLE);
  }

  /** Without the elements, of which there may be many. */
  async #list(): Promise<ReadonlySet<string>> {
    if (!(await this.#ours()).includes(NFT_SERVICES_TABLE)) return new Set();
    const what = ['--terse', 'list', 'table', this.#family, NFT_SERVICES_TABLE];
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
