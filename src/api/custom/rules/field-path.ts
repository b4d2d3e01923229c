// `fieldPath` of a rule: which field is told when the rule fails, such as `.spec.size` or `['a.b'].c`.
// Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go, ValidFieldPath
import { ownValue } from '../../schema/json.ts';
import type { SchemaProps } from '../schema-props.ts';

const STEP = /^(?:\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\])/;

/** What is appended to the path of the node, or why it leads nowhere. */
export function fieldPath(text: string, node: SchemaProps): { path: string } | { problem: string } {
  let path = '';
  let at: SchemaProps = node;
  let rest = text.trim();
  while (rest) {
    const step = STEP.exec(rest);
    if (!step) return { problem: `expected [ or . but got: ${rest}` };
    const name = step[1] ?? (step[2] ?? '').replace(/\\(.)/g, '$1');
    const { properties = {}, additionalProperties }: SchemaProps = at;
    const values = typeof additionalProperties === 'object' ? additionalProperties : undefined;
    const next: SchemaProps | undefined = values ?? ownValue(properties, name);
    if (!next) return { problem: 'does not refer to a valid field' };
    path += values ? `[${name}]` : `.${name}`;
    at = next;
    rest = rest.slice(step[0].length);
  }
  return { path };
}
