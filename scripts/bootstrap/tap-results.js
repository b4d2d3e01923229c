// Counts tests in a TAP file: the named tests inside each test file, and files that failed outside of any.
import { existsSync, readFileSync } from 'node:fs';

const point = /^( *)(not ok|ok) \d+ - (.*?)(?: # (SKIP|TODO|time)\b[ =]?(.*))?$/;

/** `{ passed, failed, skips: [{ name, reason }] }`; a missing file counts as one failure. */
export function countResults(file) {
  const counts = { passed: 0, failed: 0, skips: [] };
  if (!existsSync(file)) return { ...counts, failed: 1 };
  let failuresInFile = 0;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const match = point.exec(line);
    if (!match) continue;
    const [, indent, verdict, name, directive, reason] = match;
    if (indent.length === 4) {
      if (directive === 'SKIP') counts.skips.push({ name, reason: reason ?? '' });
      else if (verdict === 'ok') counts.passed += 1;
      else {
        counts.failed += 1;
        failuresInFile += 1;
      }
    } else if (indent.length === 0) {
      if (directive === 'SKIP') counts.skips.push({ name, reason: reason ?? '' });
      else if (verdict === 'not ok' && failuresInFile === 0) counts.failed += 1;
      failuresInFile = 0;
    }
  }
  return counts;
}

/** The last line of `npm test`. Skips that are not allowed count as failures. */
export function summaryLine(results, forbiddenSkips) {
  const sum = (field) => results.reduce((total, result) => total + result[field], 0);
  const unexplained = results.filter((r) => r.exitCode !== 0 && r.failed === 0).length;
  const failed = sum('failed') + unexplained + forbiddenSkips;
  const skipped = results.reduce((total, result) => total + result.skips.length, 0) - forbiddenSkips;
  return `${sum('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
