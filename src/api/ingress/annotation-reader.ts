// Reads annotations one by one and notes what is wrong: values that are not understood, names that nobody reads.
import { isIP, isIPv4 } from 'node:net';
import type { IngressProblem } from './ingress-options.ts';

/** By the names that people's manifests carry already. */
export const INGRESS_ANNOTATIONS = 'nginx.ingress.kubernetes.io/';
/** Names that keep somebody out: to leave one aside would let everybody in. */
const PROTECTING =
  /^(auth-|denylist-|enable-modsecurity|modsecurity|satisfy|whitelist-|allowlist-|global-auth|proxy-ssl-secret|proxy-ssl-verify$)/;

export interface AnnotationReader {
  /** `undefined` where it is not given or not understood; the latter is noted. */
  value<T>(name: string, expected: string, parse: (text: string) => T | undefined): T | undefined;
  text(name: string, expected: string, pattern: RegExp): string | undefined;
  flag(name: string, byDefault: boolean): boolean;
  /** With commas between the items. */
  list(name: string): string[];
  /** CIDRs or single addresses, as CIDRs. */
  ranges(name: string): string[];
  /** Of all that was read, and of ingress-nginx's annotations that were not. */
  problems(): IngressProblem[];
}

export function readAnnotations(annotations: Readonly<Record<string, string>>): AnnotationReader {
  const read = new Set<string>();
  const wrong: IngressProblem[] = [];
  const value = <T>(
    name: string,
    expected: string,
    parse: (text: string) => T | undefined,
  ): T | undefined => {
    read.add(INGRESS_ANNOTATIONS + name);
    const text = annotations[INGRESS_ANNOTATIONS + name]?.trim();
    if (text === undefined) return undefined;
    const parsed = parse(text);
    if (parsed === undefined) {
      const message = `annotation ${INGRESS_ANNOTATIONS}${name} takes ${expected}, not '${text}'`;
      wrong.push({ message, isClosing: PROTECTING.test(name) });
    }
    return parsed;
  };
  const list = (name: string) => value(name, 'a list', itemsOf) ?? [];
  return {
    value,
    text: (name, expected, pattern) =>
      value(name, expected, (text) => (pattern.test(text) ? text : undefined)),
    flag: (name, byDefault) => value(name, 'true or false', booleanOf) ?? byDefault,
    list,
    ranges: (name) => value(name, 'CIDRs with commas between them', rangesOf) ?? [],
    problems: () => [...wrong, ...unread(annotations, read)],
  };
}

function unread(annotations: Readonly<Record<string, string>>, read: ReadonlySet<string>): IngressProblem[] {
  return Object.keys(annotations)
    .filter((name) => name.startsWith(INGRESS_ANNOTATIONS) && !read.has(name))
    .map((name) => ({ message: `annotation ${name} is not supported`, isClosing: isProtecting(name) }));
}

const isProtecting = (name: string): boolean => PROTECTING.test(name.slice(INGRESS_ANNOTATIONS.length));

const itemsOf = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

function booleanOf(text: string): boolean | undefined {
  return text === 'true' || text === 'false' ? text === 'true' : undefined;
}

function rangesOf(text: string): string[] | undefined {
  const ranges = itemsOf(text).map((item) => {
    const [address = '', bits = isIPv4(address) ? '32' : '128'] = item.split('/');
    const isRange =
      isIP(address) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv4(address) ? 32 : 128);
    return isRange ? `${address}/${bits}` : undefined;
  });
  return ranges.every((range) => range !== undefined) && ranges.length > 0 ? ranges : undefined;
}
