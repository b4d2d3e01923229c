// Reads the JUnit file that ginkgo writes: its only writer, so that its fixed form may be relied on.
import type { TestOutcome } from './outcome.ts';

const CASE = /<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g;
const FAILURE = /<failure[^>]*>([\s\S]*?)<\/failure>/;
/** Long enough for one error with its cause, short enough for one line of a page. */
const REASON_LENGTH = 300;

/** Every test of the suite; those that the focus left out, and those that skipped themselves, are `not run`. */
export function readJunit(xml: string): TestOutcome[] {
  const cases = [...xml.matchAll(CASE)].map(([, name = '', body = '']) => outcomeOf(decode(name), body));
  return cases.filter(({ name, state }) => !isSetup(name) || state === 'failed');
}

/** `BeforeSuite` is no test, but nothing ran when it failed. */
const isSetup = (name: string) => /^(Before|After)Suite$/.test(name);

function outcomeOf(spacedName: string, body: string): TestOutcome {
  const name = spacedName.replace(/\s+/g, ' ').trim();
  const failure = FAILURE.exec(body)?.[1];
  if (failure !== undefined) return { name, state: 'failed', reason: reasonOf(decode(failure)) };
  return { name, state: body.includes('<skipped') ? 'not run' : 'passed' };
}

/** One line without places in files, dates and addresses in memory, which differ from run to run. */
export function reasonOf(message: string): string {
  const lines = message.split('\n').filter((line) => !/^\s*\S+\.go:\d+\s*$/.test(line));
  const text = lines
    .join(' ')
    .replace(/[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d\.\d+: (?:INFO: )?/g, '')
    .replace(/0x[0-9a-f]{6,}/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  const said = /^(.*?)<[^<>]*>: \{.*\} (\S.*?) occurred/.exec(text);
  return shortened(said ? `${said[1]}${said[2]}` : text);
}

/** What a test that skipped itself said: in the log, as the report does not tell it from one that was left out. */
export function skippedBecause(log: string): string | undefined {
  const [, said] = /^S \[SKIPPING\][^\n]*\n(?:[^\n]*\S[^\n]*\n)+\s*\n([\s\S]*?)\n\s*\n/m.exec(log) ?? [];
  return said === undefined ? undefined : reasonOf(said);
}

const shortened = (text: string) =>
  text.length > REASON_LENGTH ? `${text.slice(0, REASON_LENGTH - 1)}…` : text;

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9A-Fa-f]+)|(\w+));/g, (whole, decimal, hex, named) => {
    if (named !== undefined) return ENTITIES[named] ?? whole;
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal));
  });
}
