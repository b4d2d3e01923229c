// Columns of text, padded as kubectl pads them; remembers widths so that rows of a watch line up.

const GAP = 3;

export class TextTable {
  readonly #widths: number[] = [];

  /** The lines of `rows`, the last column unpadded. Widths only ever grow from one call to the next. */
  render(rows: readonly (readonly string[])[]): string {
    for (const row of rows) {
      row.forEach((cell, i) => {
        this.#widths[i] = Math.max(this.#widths[i] ?? 0, cell.length);
      });
    }
    return rows.map((row) => `${this.#line(row)}\n`).join('');
  }

  #line(row: readonly string[]): string {
    return row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd((this.#widths[i] ?? 0) + GAP)))
      .join('')
      .trimEnd();
  }
}
