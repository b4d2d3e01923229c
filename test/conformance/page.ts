// docs/conformance.md: the newest outcome of every upstream test. It is read back, so that a run of a few tests
// changes what is said of those and nothing else.
import { countByArea, type TestOutcome } from './outcome.ts';

const HEAD = `# Upstream's conformance tests

Kubernetes' own end-to-end tests (release 1.20.2) against a fresh cluster of two boards. Written by
\`npm run conformance\` (called with nothing in its environment it says what it needs); what a run left out keeps its last outcome. After
each name stands the commit that was tested, where it was noted; \`+\` means with changes.

Newer releases ask for more kinds. Not served, so that their tests fail: flowcontrol.apiserver.k8s.io,
admissionregistration.k8s.io, apiregistration.k8s.io and resource.k8s.io; of storage.k8s.io all but StorageClass; of
networking.k8s.io ServiceCIDR and IPAddress. Tests of discovery that expect these groups fail with them.
`;

/** What is known of each test; later runs win, but leaving a test out is no outcome. */
export function merged(known: readonly TestOutcome[], run: readonly TestOutcome[]): TestOutcome[] {
  const byName = new Map(known.map((outcome) => [outcome.name, outcome]));
  for (const outcome of run) {
    if (outcome.state !== 'not run' || !byName.has(outcome.name)) byName.set(outcome.name, outcome);
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function writePage(outcomes: readonly TestOutcome[]): string {
  const list = (state: TestOutcome['state']) => outcomes.filter((outcome) => outcome.state === state);
  const sections = [
    HEAD,
    table(outcomes),
    section(
      'Failing',
      list('failed').map((outcome) => `${titled(outcome)}: ${plain(outcome.reason ?? '')}`),
    ),
    section('Passing', list('passed').map(titled)),
    section(
      'Not run yet',
      list('not run').map(({ name }) => code(name)),
    ),
  ];
  return sections.join('\n');
}

const code = (name: string) => `\`${name}\``;

const titled = ({ name, commit }: TestOutcome) => (commit ? `${code(name)} ${commit}` : code(name));

/** Nothing in a reason is markup. */
const plain = (text: string) =>
  text
    .replace(/[`*_<>[\]|\\]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();

function table(outcomes: readonly TestOutcome[]): string {
  const counts = countByArea(outcomes);
  const sum = (field: 'passed' | 'failed' | 'notRun') =>
    counts.reduce((total, count) => total + count[field], 0);
  const all = { area: 'all', passed: sum('passed'), failed: sum('failed'), notRun: sum('notRun') };
  const rows = [...counts, all].map(
    (row) => `| ${row.area} | ${row.passed} | ${row.failed} | ${row.notRun} |`,
  );
  return ['| area | passed | failed | not run yet |', '|---|---|---|---|', ...rows, ''].join('\n');
}

const section = (title: string, lines: readonly string[]) =>
  `## ${title}\n\n${lines.length === 0 ? 'None.' : lines.map((line) => `- ${line}`).join('\n')}\n`;

const STATES: Record<string, TestOutcome['state']> = {
  Failing: 'failed',
  Passing: 'passed',
  'Not run yet': 'not run',
};

export function readPage(text: string): TestOutcome[] {
  return text.split(/^## /m).flatMap((part) => {
    const state = STATES[part.slice(0, part.indexOf('\n'))];
    if (!state) return [];
    const lines = [...part.matchAll(/^- `([^`]+)`(?: ([0-9a-f]{7,}\+?))?(?:: (.*))?$/gm)];
    return lines.map(([, name = '', commit, reason]) => ({
      name,
      state,
      ...(reason ? { reason } : {}),
      ...(commit ? { commit } : {}),
    }));
  });
}
