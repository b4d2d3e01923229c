// Which upstream tests there are, and which of them a run takes: by tier and by name.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestOutcome } from './outcome.ts';

export interface CatalogueEntry {
  /** One letter, as tests.tsv explains. */
  tier: string;
  name: string;
  /** Why it is never run; absent: it is. */
  leftOut?: string;
}

export interface Choice {
  /** None means all. */
  tiers: readonly string[];
  /** Regular expression over names. */
  focus: string;
}

export async function readCatalogue(): Promise<CatalogueEntry[]> {
  return parseCatalogue(await readFile(join(import.meta.dirname, 'tests.tsv'), 'utf8'));
}

export function parseCatalogue(text: string): CatalogueEntry[] {
  const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
  return lines.map((line) => {
    const [tier = '', name = '', leftOut] = line.split('\t');
    // As outcomes have it: upstream's own names have two blanks here and there.
    return { tier, name: name.replace(/\s+/g, ' ').trim(), ...(leftOut ? { leftOut } : {}) };
  });
}

/** @throws Error that says what to write when nothing would be chosen. */
export function chosen(catalogue: readonly CatalogueEntry[], { tiers, focus }: Choice): string[] {
  const known = new Set(catalogue.map(({ tier }) => tier));
  const unknown = tiers.find((tier) => !known.has(tier));
  if (unknown !== undefined) throw new Error(`no tier ${unknown}: there are ${[...known].sort().join(', ')}`);
  const wanted = new RegExp(focus);
  const entries = catalogue.filter(
    ({ tier, leftOut }) => !leftOut && (tiers.length === 0 || tiers.includes(tier)),
  );
  const names = entries.map(({ name }) => name).filter((name) => wanted.test(name));
  if (names.length === 0)
    throw new Error(`no test's name matches /${focus}/: see test/conformance/tests.tsv`);
  return names;
}

/** What is known of each without a run. */
export function knownOutcomes(catalogue: readonly CatalogueEntry[]): TestOutcome[] {
  return catalogue.map(({ name, leftOut }) =>
    leftOut ? { name, state: 'left out', reason: leftOut } : { name, state: 'not run' },
  );
}

/** Tests that upstream says disturb others. */
export function isSerial(name: string): boolean {
  return /\[(Serial|Disruptive)\]/.test(name);
}
