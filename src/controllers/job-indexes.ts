// The completion indexes of an Indexed Job as its status writes them: `1,3-5,7`.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/#JobStatus

type IndexRange = [first: number, last: number];

/** What lies outside 0 … `completions` - 1 is left out: an elastic job may have shrunk. */
export function indexRanges(text: string | undefined, completions: number): IndexRange[] {
  return (text ?? '').split(',').flatMap((range): IndexRange[] => {
    const [first, last = first] = range.split('-').map(Number);
    if (range === '' || first === undefined || last === undefined || first >= completions) return [];
    return [[first, Math.min(last, completions - 1)]];
  });
}

export function parseIndexes(text: string | undefined, completions: number): Set<number> {
  const indexes = new Set<number>();
  for (const [first, last] of indexRanges(text, completions)) {
    for (let index = first; index <= last; index++) indexes.add(index);
  }
  return indexes;
}

export function formatIndexes(indexes: ReadonlySet<number>): string {
  const ranges: IndexRange[] = [];
  for (const index of [...indexes].sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range && range[1] === index - 1) range[1] = index;
    else ranges.push([index, index]);
  }
  return ranges.map(formatRange).join(',');
}

/** As upstream: two neighbours are listed, only three make a range. */
function formatRange([first, last]: IndexRange): string {
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
