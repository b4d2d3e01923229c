// Which endpoint a client gets that nobody remembers: the same one each time and on every board, while it is there. So an
// agent that starts again leads clients back to where they were. Pure.
// https://en.wikipedia.org/wiki/Rendezvous_hashing
import { fnv1a } from '../base/fnv1a.ts';

/** Of another client it is likely another one; an endpoint that comes or goes moves its own clients alone. */
export function steadyChoice<T extends { readonly id: string }>(
  all: readonly T[],
  client: string,
): T | undefined {
  let [chosen] = all;
  let highest = -1;
  for (const endpoint of all) {
    const weight = hash(`${client} ${endpoint.id}`);
    if (weight <= highest) continue;
    highest = weight;
    chosen = endpoint;
  }
  return chosen;
}

/** Its bits mixed once more: endpoints differ in their last characters, which would count too little. */
function hash(text: string): number {
  let value = fnv1a(text);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
