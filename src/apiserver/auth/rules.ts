// What one RBAC rule allows, and whether rules together allow what another rule would: pure.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#role-and-clusterrole
import type { PolicyRule } from 'kubernetes-types/rbac/v1.js';
import { type Attributes, isPath, type PathAttributes, type ResourceAttributes } from './attributes.ts';

const ALL = '*';

const has = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes(value) || list.includes(ALL));

export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false;
  return isPath(attributes) ? allowsPath(rule, attributes) : allowsResource(rule, attributes);
}

const allowsPath = ({ nonResourceURLs }: PolicyRule, { path }: PathAttributes): boolean =>
  (nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, path));

/** A `*` counts at the end only. */
function pathMatches(pattern: string, path: string): boolean {
  if (pattern === ALL || pattern === path) return true;
  return pattern.endsWith(ALL) && path.startsWith(pattern.slice(0, -1));
}

function allowsResource(rule: PolicyRule, wanted: ResourceAttributes): boolean {
  const names = rule.resourceNames ?? [];
  return (
    has(rule.apiGroups, wanted.group) &&
    resourceMatches(rule.resources ?? [], wanted.resource, wanted.subresource) &&
    (names.length === 0 || names.includes(wanted.name))
  );
}

/** `pods/log`, every resource (`*`), or one subresource of every resource (`*` + `/scale`). */
function resourceMatches(resources: readonly string[], resource: string, subresource: string): boolean {
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  return (
    resources.includes(ALL) ||
    resources.includes(full) ||
    (subresource !== '' && resources.includes(`${ALL}/${subresource}`))
  );
}

/** The smallest parts of `wanted` that `owned` does not allow; empty when whoever owns these may grant it. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(atoms).filter((atom) => !owned.some((rule) => covers(rule, atom)));
}

/** One verb on one resource, or on one path, each. */
function atoms(rule: PolicyRule): PolicyRule[] {
  const paths = rule.verbs.flatMap((verb) =>
    (rule.nonResourceURLs ?? []).map((path) => ({ verbs: [verb], nonResourceURLs: [path] })),
  );
  const names = rule.resourceNames?.length ? rule.resourceNames.map((name) => [name]) : [undefined];
  const resources = rule.verbs.flatMap((verb) =>
    (rule.apiGroups ?? []).flatMap((group) =>
      (rule.resources ?? []).flatMap((resource) =>
        names.map((name) => ({
          verbs: [verb],
          apiGroups: [group],
          resources: [resource],
          ...(name ? { resourceNames: name } : {}),
        })),
      ),
    ),
  );
  return [...paths, ...resources];
}

function covers(owned: PolicyRule, atom: PolicyRule): boolean {
  if (!has(owned.verbs, atom.verbs[0]!)) return false;
  const path = atom.nonResourceURLs?.[0];
  if (path !== undefined) return (owned.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, path));
  const [resource = '', subresource = ''] = (atom.resources?.[0] ?? '').split('/');
  const names = owned.resourceNames ?? [];
  return (
    has(owned.apiGroups, atom.apiGroups?.[0] ?? '') &&
    resourceMatches(owned.resources ?? [], resource, subresource) &&
    (names.length === 0 || names.includes(atom.resourceNames?.[0] ?? ''))
  );
}

/** As upstream prints a rule in its refusals: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`. */
export function describeRule(rule: PolicyRule): string {
  const parts: [string, readonly string[] | undefined][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['ResourceNames', rule.resourceNames],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['Verbs', rule.verbs],
  ];
  const shown = parts.filter(([, list]) => list?.length);
  return `{${shown.map(([name, list]) => `${name}:[${list!.map((v) => JSON.stringify(v)).join(' ')}]`).join(', ')}}`;
}
