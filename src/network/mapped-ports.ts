// Which local ports the maps of our first tables lead to: what an agent that is gone has left, for the next one.
import { EVERY_ADDRESS, EVERY_ADDRESS_V6 } from '../base/ip.ts';
import { NFT_TABLE, type VirtualPort } from './board-network.ts';
import type { CommandRunner } from './command-runner.ts';
import { listNft } from './nft-listing.ts';
import type { FamilyName } from './rule-family.ts';

type Words = readonly (string | number)[];
interface Concatenation {
  concat: Words;
}
interface MapEntry {
  table?: { family: string; name: string };
  map?: { elem?: [Concatenation, Concatenation][] };
}

const EVERY: Readonly<Record<FamilyName, string>> = { ip: EVERY_ADDRESS, ip6: EVERY_ADDRESS_V6 };

/** Rejects where nft cannot be asked. Only tables that are there are looked at. */
export async function mappedPorts(commands: CommandRunner): Promise<VirtualPort[]> {
  const tables = await listNft<MapEntry>(commands, 'list', 'tables');
  const found = [];
  for (const family of ['ip', 'ip6'] as const) {
    const isThere = tables.some(({ table }) => table?.family === family && table.name === NFT_TABLE);
    if (!isThere) continue;
    const entries = await listNft<MapEntry>(commands, 'list', 'table', family, NFT_TABLE);
    found.push(
      ...entries.flatMap(({ map }) => map?.elem ?? []).flatMap((element) => portOf(family, element)),
    );
  }
  return found;
}

/** `10.48.0.9 . udp . 53 : 169.254.48.1 . 20001`, or the same without an address, where it is any of the board's. */
function portOf(family: FamilyName, [from, to]: [Concatenation, Concatenation]): VirtualPort[] {
  const [port, protocol, ip = EVERY[family]] = from.concat.toReversed();
  const localPort = to.concat.at(-1);
  if (protocol !== 'tcp' && protocol !== 'udp') return [];
  return [{ ip: String(ip), protocol, port: Number(port), localPort: Number(localPort) }];
}
