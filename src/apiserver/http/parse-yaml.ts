// A YAML body as JSON: one document, no aliases that blow up. Loaded only when somebody sends YAML.
import { parseAllDocuments } from 'yaml';
import type { Json } from '../../api/schema/json.ts';
import { type ParsedJson, parseJson } from '../../api/schema/parse-json.ts';
import { badRequest } from '../../api/status-error.ts';

const MAX_ALIASES = 100;

/** @throws StatusError BadRequest */
export function parseYaml(body: Buffer): ParsedJson {
  const { value, duplicateFields } = parseJson(JSON.stringify(onlyDocument(decode(body))));
  return { value, duplicateFields };
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (error) {
    throw badRequest(`the body is not valid UTF-8: ${(error as Error).message}`);
  }
}

function onlyDocument(text: string): Json {
  try {
    const documents = parseAllDocuments(text);
    const [document, second] = Array.isArray(documents) ? documents : [];
    if (!document || second) throw new SyntaxError('the body must hold exactly one YAML document');
    const problem = document.errors[0];
    if (problem) throw problem;
    return (document.toJS({ maxAliasCount: MAX_ALIASES }) ?? null) as Json;
  } catch (error) {
    // RangeError: nested so deeply that the parser ran out of stack.
    throw badRequest(
      `the body is not valid YAML: ${(error as Error).message.split('\n')[0]?.replace(/:$/, '')}`,
    );
  }
}
