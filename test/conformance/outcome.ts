// What became of one upstream test, and to which area (special interest group) it belongs.

export interface TestOutcome {
  name: string;
  state: 'passed' | 'failed' | 'not run';
  /** Of a failed one, on one line. */
  reason?: string;
  /** What it ran on, where known: the short name, with a `+` when the tree held changes. */
  commit?: string;
}

/** The part of upstream that owns the test; its oldest tests name none, and all of them are about nodes. */
export function areaOf(name: string): string {
  return /\[sig-([a-z-]+)\]/.exec(name)?.[1] ?? 'node';
}

export interface AreaCount {
  area: string;
  passed: number;
  failed: number;
  notRun: number;
}

/** One line per area, by name. */
export function countByArea(outcomes: readonly TestOutcome[]): AreaCount[] {
  const areas = [...new Set(outcomes.map(({ name }) => areaOf(name)))].sort();
  return areas.map((area) => {
    const own = outcomes.filter(({ name }) => areaOf(name) === area);
    const count = (state: TestOutcome['state']) => own.filter((outcome) => outcome.state === state).length;
    return { area, passed: count('passed'), failed: count('failed'), notRun: count('not run') };
  });
}
