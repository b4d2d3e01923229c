// docs/conformance.md: the newest outcome of every upstream test. It is read back, so that a run of a few tests
// changes what is said of those and nothing else.
import { type AreaCount, countByArea, isConformance, type TestOutcome } from './outcome.ts';

const HEAD = `# Upstream's conformance tests

Kubernetes' own end-to-end tests (release 1.20.2) against a fresh cluster of two boards. Written by
\`npm run conformance\` (called with nothing in its environment it says what it needs); what a run left out keeps its
last outcome. After each name stands the commit that was tested, where it was noted; \`+\` means with changes.

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

const BESIDE = `## Network tests beside the conformance list

The other tests of [sig-network] of the same release. Left out are those that only a certain cloud passes, and what asks
for parts that boards do without; 32 more enforce a NetworkPolicy, which is stored alone. Of the granular checks of the
second family upstream looks at affinity alone.
`;
const BESIDE_TITLE = 'Network tests beside the list: ';

export function writePage(outcomes: readonly TestOutcome[]): string {
  const listed = outcomes.filter(isConformance);
  const beside = outcomes.filter((outcome) => !isConformance(outcome));
  const part = (prefix: string, of: readonly TestOutcome[]) =>
    STATES.map(({ title, state }) =>
      section(`${prefix}${title}`, of.filter((outcome) => outcome.state === state).map(line)),
    );
  const sections = [
    HEAD,
    table(listed),
    ...part('', listed),
    BESIDE,
    table(beside),
    ...part(BESIDE_TITLE, beside),
  ];
  return sections.join('\n');
}

const line = (outcome: TestOutcome) =>
  outcome.reason === undefined ? titled(outcome) : `${titled(outcome)}: ${plain(outcome.reason)}`;

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
  const sum = (field: Exclude<keyof AreaCount, 'area'>) =>
    counts.reduce((total, count) => total + count[field], 0);
  const all = {
    area: 'all',
    passed: sum('passed'),
    failed: sum('failed'),
    leftOut: sum('leftOut'),
    notRun: sum('notRun'),
  };
  const rows = [...counts, ...(counts.length > 1 ? [all] : [])].map(
    (row) => `| ${row.area} | ${row.passed} | ${row.failed} | ${row.leftOut} | ${row.notRun} |`,
  );
  return ['| area | passed | failed | left out | not run yet |', '|---|---|---|---|---|', ...rows, ''].join(
    '\n',
  );
}

const section = (title: string, lines: readonly string[]) =>
  `## ${title}\n\n${lines.length === 0 ? 'None.' : lines.map((line) => `- ${line}`).join('\n')}\n`;

const STATES: readonly { title: string; state: TestOutcome['state'] }[] = [
  { title: 'Failing', state: 'failed' },
  { title: 'Left out', state: 'left out' },
  { title: 'Passing', state: 'passed' },
  { title: 'Not run yet', state: 'not run' },
];

export function readPage(text: string): TestOutcome[] {
  return text.split(/^## /m).flatMap((part) => {
    const heading = part.slice(0, part.indexOf('\n'));
    const state = STATES.find(
      ({ title }) => heading === title || heading === `${BESIDE_TITLE}${title}`,
    )?.state;
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
