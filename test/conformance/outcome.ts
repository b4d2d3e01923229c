// What became of one upstream test, and to which area (special interest group) it belongs.

export interface TestOutcome {
  name: string;
  /** `left out`: it asks for what is no matter of this product, by its own word or by the catalogue's. */
  state: 'passed' | 'failed' | 'left out' | 'not run';
  /** Of a failed one and one that is left out, on one line. */
  reason?: string;
  /** What it ran on, where known: the short name, with a `+` when the tree held changes. */
  commit?: string;
}

/** Whether upstream asks it of every cluster. */
export const isConformance = ({ name }: Pick<TestOutcome, 'name'>): boolean => name.includes('[Conformance]');

/** The part of upstream that owns the test; its oldest tests name none, and all of them are about nodes. */
export function areaOf(name: string): string {
  return /\[sig-([a-z-]+)\]/.exec(name)?.[1] ?? 'node';
}

export interface AreaCount {
  area: string;
  passed: number;
  failed: number;
  leftOut: number;
  notRun: number;
}

/** One line per area, by name. */
export function countByArea(outcomes: readonly TestOutcome[]): AreaCount[] {
  const areas = [...new Set(outcomes.map(({ name }) => areaOf(name)))].sort();
  return areas.map((area) => {
    const own = outcomes.filter(({ name }) => areaOf(name) === area);
    const count = (state: TestOutcome['state']) => own.filter((outcome) => outcome.state === state).length;
    return {
      area,
      passed: count('passed'),
      failed: count('failed'),
      leftOut: count('left out'),
      notRun: count('not run'),
    };
  });
}
