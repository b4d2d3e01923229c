// What a rule of the Pod Security Standards is, and how a broken one is told.
import type { core } from '../../api/objects.ts';

export interface Checked {
  spec: core.PodSpec;
  annotations: Readonly<Record<string, string>>;
  containers: readonly core.Container[];
}

/** `undefined` = kept; otherwise `what (where)`. */
export type Rule = (pod: Checked) => string | undefined;

export const quoted = (names: readonly string[]): string =>
  names.map((name) => JSON.stringify(name)).join(', ');

/** `container "a"`, or `containers "a", "b"`. */
export const named = (containers: readonly { name: string }[], what = 'container'): string =>
  `${what}${containers.length > 1 ? 's' : ''} ${quoted(containers.map(({ name }) => name))}`;

/** The containers that break a rule, in one sentence. */
export function perContainer(
  title: string,
  breaks: (container: core.Container) => boolean | undefined,
  must: string,
): Rule {
  return ({ containers }) => {
    const found = containers.filter(breaks);
    return found.length > 0 ? `${title} (${named(found)} ${must})` : undefined;
  };
}
