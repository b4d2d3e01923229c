// Whether another program has changed our nft tables, or where packets meet the rules of others. Only nft can tell, and
// to have it tell of itself would take a process that stays: so all of it is noted after each change of ours and
// compared now and then. Of the rules a hash is kept, as they may be many.
import { createHash } from 'node:crypto';
import type { CommandRunner } from './command-runner.ts';
import { type Chain, isIptables } from './network-problems.ts';
import { listChains } from './nft-listing.ts';
import { differences, type TableParts, tableParts } from './table-listing.ts';

/** Tables of one family as last applied. */
export interface WatchedTables {
  /** Grows whenever they begin to change by our doing. */
  readonly changes: number;
  /** Such as `ip edge_cluster`; none that another agent has left and nobody has told of yet. */
  readonly present: readonly string[];
}

export class RuleWatch {
  readonly #commands: CommandRunner;
  readonly #tables: () => readonly WatchedTables[];
  #notedChains = '';
  #notedHash = '';
  #notedChanges = 0;
  /** What was found changed by others and is still to be put right. */
  #found: TableParts | undefined;

  constructor(commands: CommandRunner, tables: () => readonly WatchedTables[]) {
    this.#commands = commands;
    this.#tables = tables;
  }

  /**
   * Call it when all rules are as wanted, with the chains of now. Resolves with the names of what was otherwise at the
   * last look and has been put right.
   */
  async note(chains: readonly Chain[]): Promise<string[]> {
    const found = this.#found;
    this.#found = undefined;
    const isSame = this.#notedChanges === this.#changes && this.#notedChains === baseChains(chains);
    if (!found && isSame) return [];
    const parts = await this.#list(chains);
    this.#notedHash = hashOf(parts);
    this.#notedChains = baseChains(chains);
    this.#notedChanges = this.#changes;
    return found ? differences(found, parts) : [];
  }

  /** Whether anything is otherwise than it was noted. */
  async hasChanged(): Promise<boolean> {
    if (this.#isChanging) return false;
    const chains = await listChains(this.#commands);
    const parts = await this.#list(chains);
    // What we have begun to change meanwhile is about to be noted.
    if (this.#isChanging) return false;
    const areRulesOther = hashOf(parts) !== this.#notedHash;
    if (areRulesOther) this.#found = parts;
    return areRulesOther || baseChains(chains) !== this.#notedChains;
  }

  get #changes(): number {
    return this.#tables().reduce((sum, { changes }) => sum + changes, 0);
  }

  get #isChanging(): boolean {
    return this.#notedChanges !== this.#changes;
  }

  /** One by one: asked for two tables at once, nft 1.0.6 does not find the first. Each that is there has chains. */
  async #list(chains: readonly Chain[]): Promise<TableParts> {
    const tables = new Set(chains.map(({ family, table }) => `${family} ${table}`));
    const ours = this.#tables().flatMap(({ present }) => present.filter((name) => tables.has(name)));
    let text = '';
    for (const what of [...ours.map((name) => `table ${name}`), ...chains.filter(hasOurs).map(nameOf)])
      text += await this.#commands.run('nft', ['--stateless', 'list', ...what.split(' ')]);
    return tableParts(text);
  }
}

/** Chains of the machine's own into which firewall-rules.ts puts rules. */
const hasOurs = (chain: Chain): boolean => isIptables(chain) && chain.policy === 'drop';
const nameOf = ({ family, table, name }: Chain): string => `chain ${family} ${table} ${name}`;

const hashOf = (parts: TableParts): string =>
  createHash('sha256')
    .update(JSON.stringify([...parts]))
    .digest('base64');

/** Where packets meet rules, ours and others', as a text that changes with them. */
function baseChains(chains: readonly Chain[]): string {
  const based = chains.filter(({ hook }) => hook !== undefined);
  return JSON.stringify(based.map(({ family, table, name, policy }) => [family, table, name, policy]));
}
