// How many files, sockets among them, this process may have open at a time. Who needs one more is told EMFILE, whatever
// part of the process it is: so those that outsiders can make open many keep some for the others.
import { readFileSync } from 'node:fs';

/** Of `/proc/self/limits`: Node raises the soft limit to the hard one as it starts. */
export function openFileLimit(limits = readFileSync('/proc/self/limits', 'utf8')): number {
  const [, soft] = /^Max open files +(\d+|unlimited)/m.exec(limits) ?? [];
  return soft === undefined || soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
