// Turns the bytes of a log file into the text that a client sees: parts joined, time stamps left out or put first
// as Kubernetes does, lines older than `sinceMs` dropped.
import { lineTimeMs, parseLogLine } from './log-line.ts';

export interface LogTextOptions {
  timestamps: boolean;
  /** Only lines of this time or later. */
  sinceMs: number | undefined;
}

const lineFeed = 0x0a;
const newline = Buffer.from('\n');
const blank = Buffer.from(' ');
const zeroOffset = Buffer.from('+00:00');
const zulu = Buffer.from('Z');

/** The kubelet writes RFC 3339 as Go does: `Z` where conmon has `+00:00`. */
function asUpstream(time: Buffer): Buffer {
  const at = time.length - zeroOffset.length;
  return time.subarray(at).equals(zeroOffset) ? Buffer.concat([time.subarray(0, at), zulu]) : time;
}

export class LogText {
  readonly #options: LogTextOptions;
  #rest: Buffer = Buffer.alloc(0);
  /** In the middle of a line whose parts come one by one: only the first has the time put before it. */
  #isInLine = false;
  #isOldLine = false;

  constructor(options: LogTextOptions) {
    this.#options = options;
  }

  /** The text of the whole lines in `chunk`; what is cut off waits for the next one. */
  push(chunk: Buffer): Buffer {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const out: Buffer[] = [];
    let start = 0;
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
      this.#line(bytes.subarray(start, end), out);
      start = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(start));
    return Buffer.concat(out);
  }

  /** What was cut off will not come: the file it was in is gone. */
  dropRest(): void {
    this.#rest = Buffer.alloc(0);
  }

  #line(bytes: Buffer, out: Buffer[]): void {
    const line = parseLogLine(bytes);
    if (!line) return;
    const { sinceMs, timestamps } = this.#options;
    const isFirst = !this.#isInLine;
    if (isFirst) this.#isOldLine = sinceMs !== undefined && lineTimeMs(line) < sinceMs;
    this.#isInLine = line.isPart;
    if (this.#isOldLine) return;
    if (isFirst && timestamps) out.push(asUpstream(line.time), blank);
    out.push(line.text);
    if (!line.isPart) out.push(newline);
  }
}
