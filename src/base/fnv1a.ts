// A hash for names and choices that must come out the same in every release, never for secrets.
// http://www.isthe.com/chongo/tech/comp/fnv/

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/** FNV-1a of the text's UTF-8: 32 bits, unsigned. */
export function fnv1a(text: string): number {
  let hash = OFFSET;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}
