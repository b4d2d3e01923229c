// Which form of an answer a client wants: a plain object, a Table, or metadata only; in JSON or in YAML.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
import { notAcceptable } from '../../api/status-error.ts';

export type Form = { as: 'object' } | { as: 'Table' | 'PartialObjectMetadata'; version: 'v1' | 'v1beta1' };

interface MediaRange {
  type: string;
  parameters: Readonly<Record<string, string>>;
}

export function parseAccept(accept: string): MediaRange[] {
  const ranges = (accept || '*/*').split(',').map(parseRange);
  const weight = (range: MediaRange) => Number(range.parameters.q ?? 1);
  return ranges.filter((range) => weight(range) > 0).sort((a, b) => weight(b) - weight(a));
}

function parseRange(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const pairs = parameters.map((parameter): [string, string] => {
    const [name = '', value = ''] = parameter.split('=');
    return [name.toLowerCase(), value.replace(/^"|"$/g, '')];
  });
  return { type: type.toLowerCase(), parameters: Object.fromEntries(pairs) };
}

/** @throws StatusError NotAcceptable when nothing that the client takes can be given. */
export const formOf = (accept: string): Form => firstForm(parseAccept(accept));

/**
 * As {@link formOf}, of a watch: YAML has no frames. One that begins with all there is (`isList`) stands for a list of
 * objects, and gives no rows, as upstream: an informer that takes Tables first would keep those.
 */
export const streamFormOf = (accept: string, isList = false): Form =>
  firstForm(
    parseAccept(accept).filter(
      ({ type, parameters }) => type !== YAML_TYPE && !(isList && parameters.as === 'Table'),
    ),
  );

function firstForm(ranges: readonly MediaRange[]): Form {
  for (const range of ranges) {
    const form = offered(range);
    if (form) return form;
  }
  throw notAcceptable(
    'only the following media types are accepted: application/json, application/yaml, application/json;as=Table;v=v1;g=meta.k8s.io',
  );
}

const JSON_RANGES = ['application/json', 'application/*', '*/*'];
export const YAML_TYPE = 'application/yaml';

/** Whether the first form that can be given is to be written in YAML. */
export function prefersYaml(accept: string): boolean {
  if (!accept.includes(YAML_TYPE)) return false;
  return parseAccept(accept).find(offered)?.type === YAML_TYPE;
}

function offered({ type, parameters }: MediaRange): Form | undefined {
  if (!JSON_RANGES.includes(type) && type !== YAML_TYPE) return undefined;
  const { as, v: version, g: group } = parameters;
  if (!as) return { as: 'object' };
  if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined;
  if (as === 'Table') return { as, version };
  if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') {
    return { as: 'PartialObjectMetadata', version };
  }
  return undefined;
}
