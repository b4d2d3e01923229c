// Whether another program has changed our nft tables, or where packets meet the rules of others. Only nft can tell, and
// to have it tell of itself would take a process that stays: so all of it is noted after each change of ours and
// compared now and then. Of the rules a hash is kept, as they may be many.
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
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

/** Of the rules of hundreds of Services nft takes a second to tell: it is asked for a hundredth of the time at most. */
const REST_PER_LISTING = 100;
/** What takes longer holds up no change of ours: it is left to the next look. */
const MAX_WAIT_MS = 50;

export interface RuleWatchOptions {
  commands: CommandRunner;
  /** Of both families. */
  tables(): readonly WatchedTables[];
  clock: Clock;
}

export class RuleWatch {
  readonly #commands: CommandRunner;
  readonly #tables: () => readonly WatchedTables[];
  readonly #clock: Clock;
  #notedChains = '';
  #notedHash = '';
  #notedChanges = 0;
  /** What was found changed by others and is still to be put right. */
  #found: TableParts | undefined;
  #foundChanges = 0;
  #isPostponed = false;
  #tookMs = 0;
  #restsUntilMs = 0;

  constructor({ commands, tables, clock }: RuleWatchOptions) {
    this.#commands = commands;
    this.#tables = tables;
    this.#clock = clock;
  }

  /** A change of ours is still to be noted, which {@link hasChanged} does: sooner than it looks otherwise. */
  get mustCatchUp(): boolean {
    return this.#isPostponed && !this.#isResting;
  }

  /**
   * Call it when all rules are as wanted, with the chains of now. Resolves with the names of what was otherwise at the
   * last look and has been put right.
   */
  async note(chains: readonly Chain[]): Promise<string[]> {
    const found = this.#found;
    // Who calls had begun before it was found, and has put nothing right.
    if (found && this.#changes === this.#foundChanges) return [];
    const areChainsSame = this.#notedChains === baseChains(chains);
    this.#found = undefined;
    this.#notedChains = baseChains(chains);
    if (!found && !this.#isBehind && areChainsSame) return [];
    this.#isPostponed = !found && (this.#isResting || this.#tookMs > MAX_WAIT_MS);
    if (this.#isPostponed) return [];
    const changes = this.#changes;
    const parts = await this.#list(chains);
    this.#noted(parts, changes);
    return found ? differences(found, parts) : [];
  }

  /** Whether anything is otherwise than it was noted. */
  async hasChanged(): Promise<boolean> {
    const chains = await listChains(this.#commands);
    const areChainsOther = baseChains(chains) !== this.#notedChains;
    if (this.#isResting) return areChainsOther;
    const changes = this.#changes;
    const parts = await this.#list(chains);
    // What we have begun to change meanwhile is not to be told from what others have.
    if (changes !== this.#changes) return false;
    const areRulesOther = !this.#isBehind && hashOf(parts) !== this.#notedHash;
    if (areRulesOther) {
      this.#found = parts;
      this.#foundChanges = changes;
    } else this.#noted(parts, changes);
    return areRulesOther || areChainsOther;
  }

  #noted(parts: TableParts, changes: number): void {
    this.#notedHash = hashOf(parts);
    this.#notedChanges = changes;
    this.#isPostponed = false;
  }

  get #isBehind(): boolean {
    return this.#isPostponed || this.#notedChanges !== this.#changes;
  }

  get #changes(): number {
    return this.#tables().reduce((sum, { changes }) => sum + changes, 0);
  }

  get #isResting(): boolean {
    return this.#clock.monotonicMs() < this.#restsUntilMs;
  }

  /** One by one: asked for two tables at once, nft 1.0.6 does not find the first. Each that is there has chains. */
  async #list(chains: readonly Chain[]): Promise<TableParts> {
    const tables = new Set(chains.map(({ family, table }) => `${family} ${table}`));
    const ours = this.#tables().flatMap(({ present }) => present.filter((name) => tables.has(name)));
    const startMs = this.#clock.monotonicMs();
    let text = '';
    for (const what of [...ours.map((name) => `table ${name}`), ...chains.filter(hasOurs).map(nameOf)])
      text += await this.#commands.run('nft', ['--stateless', 'list', ...what.split(' ')]);
    const nowMs = this.#clock.monotonicMs();
    this.#tookMs = nowMs - startMs;
    this.#restsUntilMs = nowMs + this.#tookMs * REST_PER_LISTING;
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
