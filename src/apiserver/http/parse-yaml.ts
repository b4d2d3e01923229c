// A YAML body as JSON: one document, no aliases that blow up. Loaded only when somebody sends YAML.
import { isScalar, LineCounter, type Node, parseAllDocuments, type Scalar, visit, type YAMLMap } from 'yaml';
import type { Json } from '../../api/schema/json.ts';
import { type ParsedJson, parseJson } from '../../api/schema/parse-json.ts';
import { badRequest } from '../../api/status-error.ts';

const MAX_ALIASES = 100;
const MAX_DUPLICATES = 100;
/** A key is quoted in an answer: one of megabytes must not be. */
const MAX_KEY_LENGTH = 500;

/** Keys that stand twice are told in upstream's words, `line 11: key "foo" already set in map`. @throws BadRequest */
export function parseYaml(body: Buffer): ParsedJson {
  const { value, duplicateFields } = onlyDocument(decode(body));
  return { value: parseJson(JSON.stringify(value)).value, duplicateFields };
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (error) {
    throw badRequest(`the body is not valid UTF-8: ${(error as Error).message}`);
  }
}

function onlyDocument(text: string): ParsedJson {
  try {
    const lineCounter = new LineCounter();
    const documents = parseAllDocuments(text, { uniqueKeys: false, lineCounter });
    const [document, second] = Array.isArray(documents) ? documents : [];
    if (!document || second) throw new SyntaxError('the body must hold exactly one YAML document');
    const problem = document.errors[0];
    if (problem) throw problem;
    const value = (document.toJS({ maxAliasCount: MAX_ALIASES }) ?? null) as Json;
    return { value, duplicateFields: duplicateKeys(document.contents, lineCounter) };
  } catch (error) {
    // RangeError: nested so deeply that the parser ran out of stack.
    throw badRequest(
      `the body is not valid YAML: ${(error as Error).message.split('\n')[0]?.replace(/:$/, '')}`,
    );
  }
}

function duplicateKeys(contents: Node | null, lines: LineCounter): string[] {
  const found: Scalar[] = [];
  visit(contents, {
    Map: (_, map) => void found.push(...repeatedKeys(map).slice(0, MAX_DUPLICATES - found.length)),
  });
  return found.map(({ value, range }) => {
    const { line } = lines.linePos(range?.[0] ?? 0);
    return `line ${line}: key ${JSON.stringify(String(value).slice(0, MAX_KEY_LENGTH))} already set in map`;
  });
}

function repeatedKeys(map: YAMLMap): Scalar[] {
  const seen = new Set<string>();
  return map.items.flatMap(({ key }) => {
    if (!isScalar(key)) return [];
    const name = String(key.value);
    if (seen.has(name)) return [key];
    seen.add(name);
    return [];
  });
}
