// edgectl api-resources: the kinds that the server has.
import { apiVersionOf, groupResourceOf } from '../api/scheme.ts';
import type { CommandContext } from './command-context.ts';
import type { Resource } from './discovery.ts';
import { checkFormat } from './format-value.ts';
import { TextTable } from './text-table.ts';

export interface ApiResourcesFlags {
  output?: string;
  headers?: boolean;
  namespaced?: string;
}

function row(resource: Resource, wide: boolean): string[] {
  const { plural, shortNames, namespaced, kind, verbs, categories } = resource;
  const cells = [plural, shortNames.join(','), apiVersionOf(resource), String(namespaced), kind];
  return wide ? [...cells, verbs.join(','), categories.join(',')] : cells;
}

const compare = (a: Resource, b: Resource) =>
  a.group === b.group ? (a.plural < b.plural ? -1 : 1) : a.group < b.group ? -1 : 1;

export async function apiResources(context: CommandContext, flags: ApiResourcesFlags): Promise<number> {
  const format = checkFormat(flags.output, ['wide', 'name'] as const);
  const wanted = flags.namespaced === undefined ? undefined : flags.namespaced !== 'false';
  const all = await context.discovery.all();
  const shown = all
    .filter((resource) => wanted === undefined || resource.namespaced === wanted)
    .sort(compare);
  if (format === 'name') {
    const names = shown.map((resource) => `${groupResourceOf(resource)}\n`);
    await context.io.out(names.join(''));
    return 0;
  }
  const wide = format === 'wide';
  const header = [
    'NAME',
    'SHORTNAMES',
    'APIVERSION',
    'NAMESPACED',
    'KIND',
    ...(wide ? ['VERBS', 'CATEGORIES'] : []),
  ];
  const rows = shown.map((resource) => row(resource, wide));
  await context.io.out(new TextTable().render(flags.headers === false ? rows : [header, ...rows]));
  return 0;
}
