// The body of a request as JSON: duplicate keys are found, hostile nesting and bad UTF-8 refused with a 400.
import { badRequest } from '../status-error.ts';
import type { Json } from './json.ts';

export interface ParsedJson {
  value: Json;
  /** In upstream's words, each `duplicate field "spec.replicas"`, once per path; at most 100. */
  duplicateFields: string[];
}

/** No Kubernetes object comes near; recursion over what passes stays far from the stack's end. */
const MAX_DEPTH = 256;
const MAX_DUPLICATES = 100;
/** A path is quoted in a warning header: a key of megabytes must not be. */
const MAX_PATH_LENGTH = 500;

/** Throws StatusError 400 for bad UTF-8, bad JSON and nesting deeper than MAX_DEPTH. */
export function parseJson(body: Uint8Array | string): ParsedJson {
  const text = typeof body === 'string' ? body : decodeUtf8(body);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw badRequest(`the body is not valid JSON: ${(error as Error).message}`);
  }
  return { value, duplicateFields: new DuplicateScan(text).run() };
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw badRequest('the body is not valid UTF-8: send JSON in UTF-8');
  }
}

/** An object or array that is open where the scan stands. */
interface Open {
  readonly path: string;
  /** The keys seen so far; `undefined` in an array. */
  readonly keys: Set<string> | undefined;
  /** Path of the value that comes next. */
  nextPath: string;
  index: number;
  awaitsKey: boolean;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Reads text that JSON.parse has already accepted, so it looks at structure only; never recurses. */
class DuplicateScan {
  readonly #text: string;
  readonly #open: Open[] = [];
  readonly #found = new Set<string>();
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): string[] {
    for (; this.#position < this.#text.length; this.#position++)
      this.#step(this.#text.charCodeAt(this.#position));
    return [...this.#found];
  }

  #step(code: number): void {
    const top = this.#open.at(-1);
    if (code === OPEN_BRACE) this.#push(top, new Set());
    else if (code === OPEN_BRACKET) this.#push(top, undefined);
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) this.#open.pop();
    else if (code === COMMA) this.#next(top!);
    else if (code === QUOTE) this.#string(top);
  }

  #push(parent: Open | undefined, keys: Set<string> | undefined): void {
    if (this.#open.length >= MAX_DEPTH)
      throw badRequest(`the body is nested deeper than ${MAX_DEPTH} levels`);
    const path = parent?.nextPath ?? '';
    this.#open.push({ path, keys, nextPath: `${path}[0]`, index: 0, awaitsKey: keys !== undefined });
  }

  #next(top: Open): void {
    if (top.keys) {
      top.awaitsKey = true;
      return;
    }
    top.index += 1;
    top.nextPath = `${top.path}[${top.index}]`;
  }

  #string(top: Open | undefined): void {
    const start = this.#position;
    this.#position = this.#endOfString(start);
    if (!top?.awaitsKey) return;
    top.awaitsKey = false;
    const key = JSON.parse(this.#text.slice(start, this.#position + 1)) as string;
    top.nextPath = top.path ? `${top.path}.${key}` : key;
    if (top.keys!.has(key)) this.#report(top.nextPath);
    top.keys!.add(key);
  }

  #report(path: string): void {
    if (this.#found.size < MAX_DUPLICATES)
      this.#found.add(`duplicate field "${path.slice(0, MAX_PATH_LENGTH)}"`);
  }

  /** Position of the closing quote. */
  #endOfString(start: number): number {
    for (let end = this.#text.indexOf('"', start + 1); ; end = this.#text.indexOf('"', end + 1)) {
      let backslashes = 0;
      while (this.#text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
      if (backslashes % 2 === 0) return end;
    }
  }
}
