// How a property is named in a rule: what is no identifier there, or a word of the language, is escaped.
// Source: k8s.io/apiserver/pkg/cel/escaping.go

const WORDS = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);
const ESCAPES: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};

/** `undefined` for a name that no rule can reach. */
export function escapedName(name: string): string | undefined {
  if (WORDS.has(name)) return `__${name}__`;
  if (!/^[A-Za-z_.][A-Za-z0-9_./-]*$/.test(name)) return undefined;
  return name.replace(/__|[./-]/g, (found) => ESCAPES[found] ?? found);
}
