// Rules as nft lists them, in parts that people know by name, and which of those differ between two listings. Pure.

/** By name, such as `chain guard of table ip edge_cluster`, with its text. */
export type TableParts = ReadonlyMap<string, string>;

/** `listing` is what `nft --stateless` prints for `list table` and `list chain`, any number of them. */
export function tableParts(listing: string): TableParts {
  const parts = new Map<string, string>();
  for (const table of listing.split(/^(?=table )/m)) {
    const [head = '', ...members] = table.split(/^\t(?=\w)/m);
    const [, tableName] = /^(table \S+ \S+) \{/.exec(head) ?? [];
    if (tableName === undefined) continue;
    parts.set(tableName, '');
    for (const member of members) {
      const [, name] = /^(\w+ \S+) \{/.exec(member) ?? [];
      parts.set(`${name} of ${tableName}`, lasting(member));
    }
  }
  return parts;
}

/** Without what packets change: what is counted, and who is in a set that they fill. */
function lasting(member: string): string {
  if (member.startsWith('counter ')) return '';
  const [body = ''] = member.split(/^\t\}/m);
  return /^\t\tflags .*\bdynamic\b/m.test(body) ? body.replace(/^\t\telements = .*/ms, '') : body;
}

/** Names, in order; of a whole table that came or went the table's alone. */
export function differences(before: TableParts, after: TableParts): string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const changed = names.filter((name) => before.get(name) !== after.get(name));
  const tables = changed.filter((name) => name.startsWith('table '));
  return changed.filter((name) => tables.every((table) => !name.endsWith(` of ${table}`)));
}

/** As many as a person reads. */
const MAX_NAMED = 5;

/** For an Event: `parts` were not as they should be. */
export function restoredText(parts: readonly string[]): string {
  const more = parts.length > MAX_NAMED ? ` and ${parts.length - MAX_NAMED} more` : '';
  const named = parts.slice(0, MAX_NAMED).join(', ') + more;
  const told = `another program had changed the agent's rules, which are as they were again: ${named}`;
  return `${told}; nft monitor names programs that do`;
}
