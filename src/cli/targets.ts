// Reads what a person names on the command line: `pods`, `pods,svc`, `pod web`, `pod/web rc/web`, `all`.
import { CliError } from './cli-error.ts';
import type { Discovery, Resource } from './discovery.ts';

/** One kind, and the names of its objects; no names = all of them. */
export interface Target {
  resource: Resource;
  names: string[];
}

async function resources(discovery: Discovery, list: string): Promise<Resource[]> {
  const found: Resource[] = [];
  for (const name of list.split(',').filter((part) => part !== '')) {
    const category = name.includes('.') || name !== 'all' ? [] : await discovery.byCategory(name);
    found.push(...(category.length > 0 ? category : [await discovery.byName(name)]));
  }
  return found;
}

/** `pod/web` pairs; the same kind's names stay together, in the order they came. */
async function pairs(discovery: Discovery, args: readonly string[]): Promise<Target[]> {
  const targets: Target[] = [];
  for (const arg of args) {
    const [type = '', name = '', ...more] = arg.split('/');
    if (more.length > 0 || type === '' || name === '') {
      throw new CliError(
        `arguments in TYPE/NAME form must have one slash, such as pod/web: "${arg}" does not`,
      );
    }
    const resource = await discovery.byName(type);
    const known = targets.find((target) => target.resource === resource);
    if (known) known.names.push(name);
    else targets.push({ resource, names: [name] });
  }
  return targets;
}

/** Rejects with a CliError when a type is unknown or the arguments make no sense together. */
export async function parseTargets(discovery: Discovery, args: readonly string[]): Promise<Target[]> {
  const slashed = args.filter((arg) => arg.includes('/'));
  if (slashed.length === args.length && args.length > 0) return pairs(discovery, args);
  if (slashed.length > 0) {
    throw new CliError(
      `name objects either as TYPE/NAME each, or as TYPE NAME…: "${args.join(' ')}" mixes both`,
    );
  }
  const [types, ...names] = args;
  if (!types) throw new CliError("say which kind, such as pods: 'edgectl api-resources' lists all");
  const found = await resources(discovery, types);
  return found.map((resource) => ({ resource, names: [...new Set(names)] }));
}
