// Whether two objects say the same in JSON: a field that is undefined counts as absent.

export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((v, i) => jsonEqual(v, b[i]))
    );
  }
  return sameFields(a as Record<string, unknown>, b as Record<string, unknown>);
}

function sameFields(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  for (const [name, value] of Object.entries(a)) {
    if (value === undefined ? b[name] !== undefined : !Object.hasOwn(b, name) || !jsonEqual(value, b[name])) {
      return false;
    }
  }
  return Object.entries(b).every(([name, value]) => value === undefined || Object.hasOwn(a, name));
}
