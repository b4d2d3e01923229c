// What nft has, as it tells it in JSON: a list of objects, each under the name of its kind.
import type { CommandRunner } from './command-runner.ts';
import type { Chain } from './network-problems.ts';
import type { FamilyName } from './rule-family.ts';

/** `what` are the arguments behind `nft --json`, such as `list tables ip`. */
export async function listNft<T>(commands: CommandRunner, ...what: readonly string[]): Promise<T[]> {
  return JSON.parse(await commands.run('nft', ['--json', ...what])).nftables;
}

/** Names of the tables of a family. */
export async function tableNames(commands: CommandRunner, family: FamilyName): Promise<string[]> {
  const entries = await listNft<{ table?: { name: string } }>(commands, 'list', 'tables', family);
  return entries.flatMap(({ table }) => table?.name ?? []);
}

/** Of every family. */
export async function listChains(commands: CommandRunner): Promise<Chain[]> {
  const entries = await listNft<{ chain?: Chain }>(commands, 'list', 'chains');
  return entries.flatMap(({ chain }) => chain ?? []);
}
