// Which topics an MQTT filter means, said as plainly as the standard: what the broker's trees are compared with.

/** MQTT 3.1.1, 4.7: `+` is one level, `#` the rest and its parent, and neither begins at a `$` topic. */
export function filterMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  if (levels[0]?.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) return false;
  for (let depth = 0; depth < wanted.length; depth += 1) {
    if (wanted[depth] === '#') return true;
    if (depth >= levels.length) return false;
    if (wanted[depth] !== '+' && wanted[depth] !== levels[depth]) return false;
  }
  return wanted.length === levels.length;
}
