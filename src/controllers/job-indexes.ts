// The completion indexes of an Indexed Job as its status writes them: `1,3-5,7`.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/#JobStatus

/** What lies outside 0 … `completions` - 1 is left out: an elastic job may have shrunk. */
export function parseIndexes(text: string | undefined, completions: number): Set<number> {
  const indexes = new Set<number>();
  for (const range of (text ?? '').split(',')) {
    const [first, last = first] = range.split('-').map(Number);
    if (range === '' || first === undefined || last === undefined) continue;
    for (let index = first; index <= Math.min(last, completions - 1); index++) indexes.add(index);
  }
  return indexes;
}

export function formatIndexes(indexes: ReadonlySet<number>): string {
  const ranges: [first: number, last: number][] = [];
  for (const index of [...indexes].sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range && range[1] === index - 1) range[1] = index;
    else ranges.push([index, index]);
  }
  return ranges.map(formatRange).join(',');
}

/** As upstream: two neighbours are listed, only three make a range. */
function formatRange([first, last]: [number, number]): string {
  if (first === last) return String(first);
  return `${first}${last === first + 1 ? ',' : '-'}${last}`;
}

/** The first `count` indexes that nobody has done or is doing. */
export function pendingIndexes(completions: number, count: number, taken: ReadonlySet<number>): number[] {
  const pending: number[] = [];
  for (let index = 0; index < completions && pending.length < count; index++) {
    if (!taken.has(index)) pending.push(index);
  }
  return pending;
}
