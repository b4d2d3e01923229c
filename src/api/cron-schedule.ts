// Cron schedules as CronJob writes them: five fields, or a descriptor such as `@daily`. Whatever upstream's parser
// refuses is refused here, in its words.
// https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#writing-a-cronjob-spec

export interface CronSchedule {
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  daysOfMonth: ReadonlySet<number>;
  months: ReadonlySet<number>;
  daysOfWeek: ReadonlySet<number>;
  /** A `*` (or `?`) day does not widen the other one: when both are given, either one is enough. */
  anyDayOfMonth: boolean;
  anyDayOfWeek: boolean;
}

/** A fixed period, from `@every 90m`. */
export interface EverySchedule {
  everyMs: number;
}

interface Bounds {
  min: number;
  max: number;
  names?: readonly string[];
}

const MINUTES: Bounds = { min: 0, max: 59 };
const HOURS: Bounds = { min: 0, max: 23 };
const DAYS_OF_MONTH: Bounds = { min: 1, max: 31 };
const MONTHS: Bounds = {
  min: 1,
  max: 12,
  names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
};
const DAYS_OF_WEEK: Bounds = { min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] };

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const GO_DURATION = /^(\d+(\.\d+)?(ms|s|m|h))+$/;

function parseNumber(text: string, { min, names }: Bounds): number {
  const name = names?.indexOf(text.toLowerCase()) ?? -1;
  if (name >= 0) return name + min;
  if (!/^[+-]?\d{1,9}$/.test(text)) {
    const why = `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
    throw new CronError(`failed to parse int from ${text}: ${why}`);
  }
  const number = Number(text);
  if (number < 0) throw new CronError(`negative number (${number}) not allowed: ${text}`);
  return number;
}

/** `*`, `5`, `1-5`, each with `/step` at will. */
function parseRange(text: string, bounds: Bounds): { values: number[]; isWhole: boolean } {
  const [range = '', stepText, ...moreSteps] = text.split('/');
  const [low = '', high, ...moreEnds] = range.split('-');
  if (moreEnds.length > 0) throw new CronError(`too many hyphens: ${text}`);
  if (moreSteps.length > 0) throw new CronError(`too many slashes: ${text}`);
  const isOpen = low === '*' || low === '?';
  const start = isOpen ? bounds.min : parseNumber(low, bounds);
  const step = stepText === undefined ? 1 : parseNumber(stepText, { ...bounds, names: [] });
  // `5/10` means from 5 to the end.
  const toEnd = isOpen || (high === undefined && stepText !== undefined);
  const end = toEnd ? bounds.max : high === undefined ? start : parseNumber(high, bounds);
  if (start < bounds.min) {
    throw new CronError(`beginning of range (${start}) below minimum (${bounds.min}): ${text}`);
  }
  if (end > bounds.max) throw new CronError(`end of range (${end}) above maximum (${bounds.max}): ${text}`);
  if (start > end) throw new CronError(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) throw new CronError(`step of range should be a positive number: ${text}`);
  const values: number[] = [];
  for (let value = start; value <= end; value += step) values.push(value);
  return { values, isWhole: isOpen && step === 1 };
}

function parseField(text: string, bounds: Bounds): { values: Set<number>; isWhole: boolean } {
  const ranges = text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => parseRange(part, bounds));
  return {
    values: new Set(ranges.flatMap((range) => range.values)),
    isWhole: ranges.some((range) => range.isWhole),
  };
}

function parseEvery(text: string): EverySchedule {
  const duration = text.slice('@every '.length);
  if (!GO_DURATION.test(duration)) {
    const why = `time: invalid duration ${JSON.stringify(duration)}`;
    throw new CronError(`failed to parse duration ${text}: ${why}`);
  }
  let everyMs = 0;
  for (const [, amount, unit = ''] of duration.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    everyMs += Number(amount) * (UNIT_MS[unit] ?? 0);
  }
  // As upstream: no less than a second, in whole seconds.
  return { everyMs: Math.max(1000, Math.floor(everyMs / 1000) * 1000) };
}

export class CronError extends Error {}

/** Times of day are those of the CronJob's time zone. @throws CronError that says what cannot be read. */
export function parseCron(text: string): CronSchedule | EverySchedule {
  if (text === '') throw new CronError('empty spec string');
  if (text.startsWith('@every ')) return parseEvery(text);
  if (text.startsWith('@') && !Object.hasOwn(DESCRIPTORS, text)) {
    throw new CronError(`unrecognized descriptor: ${text}`);
  }
  const fields = (DESCRIPTORS[text] ?? text).split(/\s+/).filter((field) => field !== '');
  if (fields.length !== 5) {
    throw new CronError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  }
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = fields;
  const days = parseField(dayOfMonth, DAYS_OF_MONTH);
  const weekDays = parseField(dayOfWeek, DAYS_OF_WEEK);
  return {
    minutes: parseField(minute, MINUTES).values,
    hours: parseField(hour, HOURS).values,
    daysOfMonth: days.values,
    months: parseField(month, MONTHS).values,
    daysOfWeek: weekDays.values,
    anyDayOfMonth: days.isWhole,
    anyDayOfWeek: weekDays.isWhole,
  };
}
