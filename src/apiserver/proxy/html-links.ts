// Links of an HTML page that is read through a proxy: what leads from the page's root or to its own host leads through
// the proxy, as upstream's proxy has it; the rest of the page passes byte for byte, in pieces, in time linear to it.
// https://html.spec.whatwg.org/multipage/indices.html#attributes-3
import { Transform } from 'node:stream';

/** Attributes whose value is one URL. */
const LINKS = new Set([
  ...[
    'action',
    'background',
    'cite',
    'codebase',
    'formaction',
    'href',
    'icon',
    'longdesc',
    'manifest',
    'poster',
  ],
  ...['profile', 'src'],
]);
/** What they hold is no markup until their own end tag. */
const RAW = new Set(['script', 'style', 'textarea', 'title', 'xmp']);
/** What is longer is passed on as it is: nothing is held back for long. */
const MAX_TAG_BYTES = 8192;
/** A name is only looked for where one may begin: a long run without `=` would be read again from each letter. */
const ATTRIBUTE = /(?<=[\s"'/])([^\s=>"'/]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s>"']+)/g;

/** Takes and gives a page's bytes, in any charset that extends ASCII. */
export class HtmlLinks extends Transform {
  readonly #rewrite: (link: string) => string;
  /** What may be the beginning of something to look at. */
  #held = '';
  /** What ends the stretch under way that is no markup; '' = in markup. */
  #rawEnd = '';

  /** @param rewrite The link to show in place of one; the same for what stays. */
  constructor(rewrite: (link: string) => string) {
    super();
    this.#rewrite = rewrite;
  }

  override _transform(chunk: Buffer, _encoding: string, done: () => void): void {
    // One character per byte, so that each comes out as it went in.
    this.#held += chunk.toString('latin1');
    while (this.#step());
    done();
  }

  override _flush(done: () => void): void {
    this.#pass(this.#held.length);
    done();
  }

  /** Whether there is more to do before more has come. */
  #step(): boolean {
    if (this.#rawEnd) return this.#passRaw(this.#rawEnd);
    const start = this.#held.indexOf('<');
    this.#pass(start < 0 ? this.#held.length : start);
    if (start < 0 || (this.#held.length < 4 && '<!--'.startsWith(this.#held))) return false;
    if (this.#held.startsWith('<!--')) return this.#beginRaw('-->', 4);
    return /^<[a-z]/i.test(this.#held) ? this.#passTag() : this.#pass(1);
  }

  #passRaw(rawEnd: string): boolean {
    const found = this.#held.toLowerCase().indexOf(rawEnd);
    this.#pass(found < 0 ? Math.max(0, this.#held.length - rawEnd.length + 1) : found);
    if (found >= 0) this.#rawEnd = '';
    return found >= 0;
  }

  #beginRaw(rawEnd: string, length: number): boolean {
    this.#rawEnd = rawEnd;
    return this.#pass(length);
  }

  #passTag(): boolean {
    const end = tagEnd(this.#held);
    if (end === undefined) return this.#held.length > MAX_TAG_BYTES && this.#pass(this.#held.length);
    const tag = this.#held.slice(0, end);
    this.#held = this.#held.slice(end);
    this.push(tag.length > MAX_TAG_BYTES ? tag : this.#rewritten(tag), 'latin1');
    const name = /^<([^\s/>]+)/.exec(tag)?.[1]?.toLowerCase() ?? '';
    return RAW.has(name) ? this.#beginRaw(`</${name}`, 0) : true;
  }

  #rewritten(tag: string): string {
    return tag.replace(ATTRIBUTE, (all: string, name: string, equals: string, value: string) => {
      if (!LINKS.has(name.toLowerCase()) && !(name === 'data' && /^<object\s/i.test(tag))) return all;
      const quote = /^["']/.exec(value)?.[0] ?? '';
      const link = quote ? value.slice(1, -1) : value;
      return `${name}${equals}${quote}${this.#rewrite(link)}${quote}`;
    });
  }

  #pass(length: number): true {
    if (length > 0) this.push(this.#held.slice(0, length), 'latin1');
    this.#held = this.#held.slice(length);
    return true;
  }
}

/** Where the text after the tag begins; `undefined` = its end has not come. A quoted `>` is no end. */
function tagEnd(text: string): number | undefined {
  let quote = '';
  for (let i = 1; i < text.length; i++) {
    const character = text.charAt(i);
    if (quote) quote = character === quote ? '' : quote;
    else if (character === '>') return i + 1;
    else if (character === '"' || character === "'") quote = character;
  }
  return undefined;
}
