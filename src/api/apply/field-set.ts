// Sets of fields in the very form in which managedFields carries them (FieldsV1): a trie whose keys are `f:NAME`,
// `k:{KEYS}` or `v:VALUE`. A node is a member when it holds `.` or nothing; the root never is.
// https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.32/#fieldsv1-v1-meta
import { ownValue } from '../schema/json.ts';

export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** One for all: sets are never changed, and most of their nodes are this one. */
export const EMPTY_SET: FieldSet = {};

const SELF = '.';

export function isEmptySet(set: FieldSet): boolean {
  for (const element in set) if (Object.hasOwn(set, element)) return false;
  return true;
}

/** Whether the node itself is in the set, beside what is under it. */
export const isMember = (node: FieldSet | undefined): boolean =>
  node !== undefined && (Object.hasOwn(node, SELF) || isEmptySet(node));

/** The node with itself in the set. */
export const asMember = (node: FieldSet | undefined): FieldSet =>
  node === undefined || isMember(node) ? (node ?? EMPTY_SET) : { [SELF]: EMPTY_SET, ...node };

export const childOf = (node: FieldSet | undefined, element: string): FieldSet | undefined =>
  node && ownValue(node, element);

function childrenOf(node: FieldSet): [string, FieldSet][] {
  return Object.entries(node).filter(([element]) => element !== SELF);
}

/** `undefined` when nothing of the node is in the set. */
export function nodeOf(member: boolean, children: readonly [string, FieldSet][]): FieldSet | undefined {
  if (children.length === 0) return member ? EMPTY_SET : undefined;
  const node = Object.fromEntries(children);
  return member ? { [SELF]: EMPTY_SET, ...node } : node;
}

/** Decides about members that are in the one, the other or both. */
type Rule = (inA: boolean, inB: boolean) => boolean;

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptySet(b)) return a;
  return isEmptySet(a) ? b : combined(a, b, inEither);
}

/** What is in `a` and not in `b`, member by member: `b` holding a parent does not take its children away. */
export const difference = (a: FieldSet, b: FieldSet): FieldSet =>
  isEmptySet(a) || isEmptySet(b) ? a : combined(a, b, inFirstAlone);

export const intersection = (a: FieldSet, b: FieldSet): FieldSet =>
  isEmptySet(a) || isEmptySet(b) ? EMPTY_SET : combined(a, b, inBoth);

const inEither: Rule = (inA, inB) => inA || inB;
const inFirstAlone: Rule = (inA, inB) => inA && !inB;
const inBoth: Rule = (inA, inB) => inA && inB;

const combined = (a: FieldSet, b: FieldSet, rule: Rule): FieldSet =>
  combinedNode(false, a, b, rule) ?? EMPTY_SET;

/** Made without lists of entries: every write combines some ten sets. */
function combinedNode(member: boolean, a: FieldSet, b: FieldSet, rule: Rule): FieldSet | undefined {
  let node: Record<string, FieldSet> | undefined;
  const take = (element: string, left: FieldSet | undefined, right: FieldSet | undefined) => {
    const isIn = rule(isMember(left), isMember(right));
    const child = combinedNode(isIn, left ?? EMPTY_SET, right ?? EMPTY_SET, rule);
    if (!child) return;
    node ??= member ? { [SELF]: EMPTY_SET } : {};
    node[element] = child;
  };
  for (const element in a) if (element !== SELF) take(element, a[element], childOf(b, element));
  for (const element in b)
    if (element !== SELF && !Object.hasOwn(a, element)) take(element, undefined, b[element]);
  return node ?? (member ? EMPTY_SET : undefined);
}

/** Every member as a path that a person reads, such as `.spec.containers[name="web"].image`. */
export function pathsOf(set: FieldSet, prefix = ''): string[] {
  return childrenOf(set).flatMap(([element, node]) => {
    const path = prefix + readable(element);
    return [...(isMember(node) ? [path] : []), ...pathsOf(node, path)];
  });
}

function readable(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  if (!element.startsWith('k:')) return `[${rest}]`;
  const keys = Object.entries(JSON.parse(rest) as object);
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
}

/** Whether what a client sent can be read as a set. */
export function isFieldSet(value: unknown): value is FieldSet {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const element in value) {
    if (!isElement(element) || !isFieldSet((value as Record<string, unknown>)[element])) return false;
  }
  return true;
}

function isElement(element: string): boolean {
  if (element === SELF || element.startsWith('f:')) return true;
  if (/^i:\d+$/.test(element)) return true;
  if (!/^[kv]:/.test(element)) return false;
  try {
    const value: unknown = JSON.parse(element.slice(2));
    return element.startsWith('v:') || (typeof value === 'object' && value !== null);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
