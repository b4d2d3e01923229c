// The text of a description: keys and values in two columns, levels indented by two spaces.

const INDENT = '  ';
const GAP = 2;

interface Line {
  level: number;
  key: string;
  value: string;
}

/** No line ends or escape sequences of an object's own text may reach the terminal. */
function oneLine(value: unknown): string {
  if (value === undefined || value === null || value === '') return '<none>';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return String(value).replace(/[\x00-\x08\x0b-\x1f\x7f]/g, ' ');
}

export class Report {
  readonly #blocks: (Line[] | string)[] = [];
  #base = 0;

  /** One `Key: value` line; an absent value reads `<none>`. */
  line(key: string, value: unknown, level = 0): void {
    this.#add({ level, key: `${key}:`, value: oneLine(value).replaceAll('\n', ' ') });
  }

  /** As {@link line}, left out when there is no value. */
  optional(key: string, value: unknown, level = 0): void {
    if (value !== undefined && value !== null && value !== '') this.line(key, value, level);
  }

  /** A key whose values stand below each other; `<none>` when there are none. */
  list(key: string, values: readonly string[], level = 0): void {
    if (values.length === 0) this.line(key, undefined, level);
    values.forEach((value, i) => {
      this.#add({ level, key: i === 0 ? `${key}:` : '', value: oneLine(value) });
    });
  }

  /** A key with lines of a deeper level below it. */
  heading(key: string, level = 0): void {
    this.#add({ level, key: `${key}:`, value: '' });
  }

  /** Everything that `describe` adds stands one level deeper. */
  nested(describe: () => void): void {
    this.#base += 1;
    describe();
    this.#base -= 1;
  }

  /** Text that stands as it is. */
  text(text: string): void {
    this.#blocks.push(text);
  }

  toString(): string {
    return this.#blocks.map((block) => (typeof block === 'string' ? block : this.#render(block))).join('');
  }

  #add({ level, key, value }: Line): void {
    const line = { level: level + this.#base, key, value };
    const last = this.#blocks.at(-1);
    if (Array.isArray(last)) last.push(line);
    else this.#blocks.push([line]);
  }

  /** Values of one level line up. */
  #render(lines: readonly Line[]): string {
    const widths = new Map<number, number>();
    for (const { level, key, value } of lines) {
      if (value !== '') widths.set(level, Math.max(widths.get(level) ?? 0, key.length + GAP));
    }
    return lines
      .map(({ level, key, value }) => `${INDENT.repeat(level)}${key.padEnd(widths.get(level) ?? 0)}${value}`)
      .map((line) => `${line.trimEnd()}\n`)
      .join('');
  }
}
