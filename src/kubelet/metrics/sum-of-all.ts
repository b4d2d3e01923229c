// Sums of figures that not everybody has: of all or left out, as a sum of a part would be less than is used. Pure.

/** Of those `figures` that each of `parts` has; who is `undefined` has none. */
export function sumOfAll<Figure extends string>(
  parts: readonly (Readonly<Partial<Record<Figure, number>>> | undefined)[],
  figures: readonly Figure[],
): Partial<Record<Figure, number>> {
  const sums: Partial<Record<Figure, number>> = {};
  for (const figure of figures) {
    const values = parts.map((part) => part?.[figure]).filter((value) => value !== undefined);
    if (values.length === parts.length) sums[figure] = values.reduce((sum, value) => sum + value, 0);
  }
  return sums;
}
