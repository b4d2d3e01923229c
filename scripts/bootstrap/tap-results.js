// Reads TAP as it comes: shows files that passed in one line each, failures whole, and counts the innermost
// named tests, and files or groups that failed outside of any.

const subtest = /^( *)# Subtest: /;
const point = /^( *)(not ok|ok) \d+ - (.*?)(?: # (SKIP|TODO|time)\b[ =]?(.*))?$/;

export class TapResults {
  passed = 0;
  failed = 0;
  /** `{ name, reason }` each. */
  skips = [];
  /** Open tests from the outermost in; `failed` = something inside them was counted as failed. */
  #open = [];
  #isInDiagnosis = false;
  #print;

  constructor(print) {
    this.#print = print;
  }

  line(text) {
    const begun = subtest.exec(text);
    const ended = point.exec(text);
    this.#show(text, ended);
    if (begun) {
      if (this.#open.length > 0) this.#open.at(-1).hasChildren = true;
      this.#open.push({ indent: begun[1].length, hasChildren: false, failed: false });
    } else if (ended) {
      this.#end(ended, ended[1].length);
    }
  }

  #end(ended, indent) {
    while (this.#open.at(-1)?.indent > indent) this.#cutOff();
    if (this.#open.at(-1)?.indent === indent) this.#close(ended);
    else if (ended[4] === 'SKIP') this.#skip(ended); // tap opens no subtest for what it leaves out.
  }

  /** What it is in has ended before it. */
  #cutOff() {
    if (!this.#open.pop().failed) this.failed += 1;
    if (this.#open.length > 0) this.#open.at(-1).failed = true;
  }

  #close(ended) {
    const [, , verdict, , directive] = ended;
    const test = this.#open.pop();
    const failed = verdict === 'not ok' && directive !== 'TODO';
    if (directive === 'SKIP') this.#skip(ended);
    else if (failed && !test.failed) this.failed += 1;
    else if (!failed && !test.hasChildren) this.passed += 1;
    if (failed && this.#open.length > 0) this.#open.at(-1).failed = true;
  }

  #skip([, , , name, , reason]) {
    this.skips.push({ name, reason: reason ?? '' });
  }

  #show(text, ended) {
    if (ended) this.#isInDiagnosis = ended[2] === 'not ok';
    if (subtest.test(text)) this.#isInDiagnosis = false;
    const isFile = ended && ended[1] === '';
    if (isFile || this.#isInDiagnosis) this.#print(text);
  }
}

/** The last line of `npm test`. Who ran nothing has failed. Skips that are not allowed count as failures; the others are told by name before. */
export function summaryLine(results, forbiddenSkips) {
  const sum = (field) => results.reduce((total, result) => total + result[field], 0);
  const empty = results.filter((r) => r.failed === 0 && r.passed === 0).length;
  const failed = sum('failed') + empty + forbiddenSkips;
  return `${sum('passed')} passed, ${failed} failed`;
}
