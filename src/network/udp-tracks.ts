// UDP clients whom the kernel still sends to an endpoint that takes no more: it remembers them for as long as they
// talk. The program `conntrack` makes it forget them, as kube-proxy does, so that their next datagram meets the rules
// of now.
// https://manpages.debian.org/conntrack.8
import type { CommandRunner } from './command-runner.ts';
import { type DeviceAddresses, listIp } from './ip-listing.ts';
import { allEndpoints, type KernelPort } from './kernel-port.ts';
import type { RuleFamily } from './rule-family.ts';

/** Clients of one address and port that have the same endpoint. */
export interface StaleTrack {
  ip: string;
  port: number;
  /** Who answers them: an endpoint, or a socket of the board. */
  from: { ip: string; port: number };
}

/** A way in by UDP, and who answers there: endpoints, or the socket that relays to them. */
export type UdpPort = Pick<KernelPort, 'ip' | 'port' | 'endpoints'>;

const NOBODY: KernelPort['endpoints'] = { Cluster: [], Local: [] };

/** Whether the board can: asked before UDP is given to its kernel. */
export function canForgetTracks(commands: CommandRunner): Promise<boolean> {
  return commands.run('conntrack', ['-C']).then(
    () => true,
    () => false,
  );
}

export class UdpTracks {
  readonly #commands: CommandRunner;
  readonly #family: RuleFamily;
  #settled: readonly UdpPort[] = [];

  constructor(commands: CommandRunner, family: RuleFamily) {
    this.#commands = commands;
    this.#family = family;
  }

  /** Call it when the rules for `ports` are there. Runs nothing while UDP ports and their endpoints stay the same. */
  async settle(ports: readonly UdpPort[]): Promise<void> {
    const wanted = ports.map(({ ip, port, endpoints }): UdpPort => ({ ip, port, endpoints }));
    if (JSON.stringify(wanted) === JSON.stringify(this.#settled)) return;
    const vanished = this.#settled.filter(
      ({ ip, port }) => !wanted.some((p) => p.ip === ip && p.port === port),
    );
    await this.#forget([...wanted, ...vanished.map((port) => ({ ...port, endpoints: NOBODY }))]);
    this.#settled = wanted;
  }

  async #forget(ports: readonly UdpPort[]): Promise<void> {
    const { any } = this.#family;
    const listing = await this.#commands.run('conntrack', ['-L', ...this.#ofFamily]);
    const own = ports.some(({ ip }) => ip === any) ? await this.#ownAddresses() : new Set<string>();
    for (const track of staleTracks(listing, ports, { any, own })) await this.#delete(track);
  }

  /** That none is left to delete is an error to the program, and none to us. */
  async #delete({ ip, port, from }: StaleTrack): Promise<void> {
    const asked = ['--orig-dst', ip, '--orig-port-dst', `${port}`];
    const answered = ['--reply-src', from.ip, '--reply-port-src', `${from.port}`];
    await this.#commands.run('conntrack', ['-D', ...this.#ofFamily, ...asked, ...answered]).catch(ignoreNone);
  }

  get #ofFamily(): readonly string[] {
    return ['-p', 'udp', '-f', this.#family.tracks];
  }

  async #ownAddresses(): Promise<ReadonlySet<string>> {
    const of = this.#family.name === 'ip' ? '-4' : '-6';
    const devices = await listIp<DeviceAddresses>(this.#commands, of, 'address', 'show');
    return new Set(devices.flatMap(({ addr_info = [] }) => addr_info.flatMap(({ local }) => local ?? [])));
  }
}

/** Where ports of `any` are: on the board's `own` addresses. */
interface EveryAddress {
  any: string;
  own: ReadonlySet<string>;
}

/** `listing` is what `conntrack -L` prints. Pure. */
export function staleTracks(
  listing: string,
  ports: readonly UdpPort[],
  everyAddress: EveryAddress,
): StaleTrack[] {
  const stale = new Map<string, StaleTrack>();
  for (const line of listing.split('\n')) {
    const track = readTrack(line);
    const port = track && ports.find((p) => p.port === track.port && isAt(p, track.ip, everyAddress));
    if (!port || allEndpoints(port).some((e) => e.ip === track.from.ip && e.port === track.from.port))
      continue;
    stale.set(JSON.stringify(track), track);
  }
  return [...stale.values()];
}

const isAt = ({ ip }: UdpPort, address: string, { any, own }: EveryAddress) =>
  ip === any ? own.has(address) : ip === address;

/** A line has `src= dst= sport= dport=` twice: as the client asked, and as the answer comes. */
const TRACK = / src=\S+ dst=(\S+) sport=\d+ dport=(\d+) .*?\bsrc=(\S+) dst=\S+ sport=(\d+) /;

function readTrack(line: string): StaleTrack | undefined {
  const [, ip, port, answerIp, answerPort] = TRACK.exec(line) ?? [];
  if (!ip || !answerIp) return undefined;
  return { ip, port: Number(port), from: { ip: answerIp, port: Number(answerPort) } };
}

function ignoreNone(error: Error): void {
  if (!/\b0 flow entries\b/.test(error.message)) throw error;
}
