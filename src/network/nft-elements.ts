// What a map or set of nft holds, as text. Pure.

/** Sorted, so that the same world gives the same text. */
export function elements(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `    elements = {\n      ${lines.toSorted().join(',\n      ')}\n    }\n`;
}
