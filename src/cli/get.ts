// edgectl get: what there is, as the server's tables or as whole objects.
import { isNotFound } from '../api/status-error.ts';
import { objectPath } from '../client/resource-path.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { keyIn } from './command-context.ts';
import { checkFormat, formatName, formatValue, type StructuredFormat } from './format-value.ts';
import { type GetFlags, queryOf } from './get-query.ts';
import { watchTarget } from './get-watch.ts';
import { listObjects, listPages } from './list-pages.ts';
import { eachOf } from './outcome.ts';
import { TABLE_ACCEPT, type TableAnswer, TableColumns, type TableRow } from './table-answer.ts';
import { parseTargets, type Target } from './targets.ts';
import { TextTable } from './text-table.ts';

const GET_FORMATS = ['wide', 'json', 'yaml', 'name'] as const;

interface AnyObject {
  metadata: { name: string; namespace?: string };
}

/** Calls `read` for each name of the target; a missing one is told and the others still come. */
async function named<T>(
  context: CommandContext,
  target: Target,
  flags: GetFlags,
  read: (key: string) => Promise<T>,
) {
  const found: T[] = [];
  const exitCode = await eachOf(context.io, target.names, async (name) => {
    try {
      found.push(await read(keyIn(context, target.resource, name)));
    } catch (error) {
      if (!(flags.ignoreNotFound && isNotFound(error))) throw error;
    }
  });
  return { found, exitCode };
}

function fetchTables(context: CommandContext, target: Target, flags: GetFlags) {
  const { connection } = context;
  if (target.names.length === 0) {
    const pages = listPages<TableAnswer>(
      connection,
      target.resource,
      queryOf(context, target.resource, flags),
      TABLE_ACCEPT,
    );
    return pages.then((found) => ({ found, exitCode: 0 }));
  }
  return named(context, target, flags, (key) =>
    connection.json<TableAnswer>({
      method: 'GET',
      path: objectPath(target.resource, key),
      accept: TABLE_ACCEPT,
    }),
  );
}

interface Shown {
  exitCode: number;
  rows: number;
}

async function showTable(
  context: CommandContext,
  target: Target,
  flags: GetFlags,
  place: { first: boolean; many: boolean },
) {
  const { found, exitCode } = await fetchTables(context, target, flags);
  const rows: TableRow[] = found.flatMap((answer) => answer.rows ?? []);
  const first = found[0];
  if (!first || rows.length === 0) return { exitCode, rows: 0 };
  const columns = new TableColumns(first, target.resource, {
    wide: flags.output === 'wide',
    showNamespace: Boolean(flags.allNamespaces && target.resource.namespaced),
    showLabels: flags.showLabels ?? false,
    kindInName: place.many,
  });
  const header = flags.headers === false ? [] : [columns.header()];
  const text = new TextTable().render([...header, ...rows.map((row) => columns.row(row))]);
  await context.io.out(place.first ? text : `\n${text}`);
  return { exitCode, rows: rows.length };
}

async function showTables(
  context: CommandContext,
  targets: readonly Target[],
  flags: GetFlags,
): Promise<Shown> {
  const total: Shown = { exitCode: 0, rows: 0 };
  for (const target of targets) {
    const place = { first: total.rows === 0, many: targets.length > 1 };
    const shown = await showTable(context, target, flags, place);
    total.exitCode ||= shown.exitCode;
    total.rows += shown.rows;
  }
  return total;
}

async function fetchObjects(context: CommandContext, target: Target, flags: GetFlags) {
  const { connection } = context;
  if (target.names.length === 0) {
    const query = queryOf(context, target.resource, flags);
    return { found: await listObjects<AnyObject>(connection, target.resource, query), exitCode: 0 };
  }
  return named(context, target, flags, (key) =>
    connection.json<AnyObject>({ method: 'GET', path: objectPath(target.resource, key) }),
  );
}

async function showNames(
  context: CommandContext,
  targets: readonly Target[],
  flags: GetFlags,
): Promise<Shown> {
  const total: Shown = { exitCode: 0, rows: 0 };
  for (const target of targets) {
    const { found, exitCode } = await fetchObjects(context, target, flags);
    for (const object of found) await context.io.out(formatName(target.resource, object.metadata.name));
    total.exitCode ||= exitCode;
    total.rows += found.length;
  }
  return total;
}

async function showObjects(
  context: CommandContext,
  targets: readonly Target[],
  flags: GetFlags,
  format: StructuredFormat,
): Promise<Shown> {
  const results = [];
  for (const target of targets) results.push(await fetchObjects(context, target, flags));
  const objects = results.flatMap((result) => result.found);
  const exitCode = Math.max(...results.map((result) => result.exitCode));
  const single = targets.length === 1 && targets[0]?.names.length === 1;
  const list = { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: objects };
  if (!single) await context.io.out(await formatValue(list, format));
  else if (objects[0]) await context.io.out(await formatValue(objects[0], format));
  return { exitCode, rows: Math.max(objects.length, 1) };
}

function sayNothingFound(context: CommandContext, targets: readonly Target[], flags: GetFlags): void {
  const inNamespace = targets.every((target) => target.resource.namespaced) && !flags.allNamespaces;
  context.io.err(
    inNamespace ? `No resources found in ${context.namespace} namespace.` : 'No resources found',
  );
}

function check(targets: readonly Target[], flags: GetFlags): void {
  const named = targets.some((target) => target.names.length > 0);
  if (named && flags.selector)
    throw new CliError('a name and a selector (-l) exclude each other: give one of them');
  if (named && flags.allNamespaces) {
    throw new CliError('a name cannot be looked up in all namespaces: give -n NAMESPACE instead of -A');
  }
  if (!flags.watch) return;
  if (targets.length !== 1 || (targets[0]?.names.length ?? 0) > 1) {
    throw new CliError('-w watches one kind, or one object of it: run it once for each');
  }
}

/** Resolves with the exit code. */
export async function get(
  context: CommandContext,
  args: readonly string[],
  flags: GetFlags,
): Promise<number> {
  const format = checkFormat(flags.output, GET_FORMATS);
  const targets = await parseTargets(context.discovery, args);
  check(targets, flags);
  if (flags.watch && targets[0]) return watchTarget(context, targets[0], flags);
  const shown =
    format === 'name'
      ? await showNames(context, targets, flags)
      : format === 'json' || format === 'yaml'
        ? await showObjects(context, targets, flags, format)
        : await showTables(context, targets, flags);
  const failedOrNamed = shown.exitCode !== 0 || flags.ignoreNotFound;
  if (shown.rows === 0 && !failedOrNamed) sayNothingFound(context, targets, flags);
  return shown.exitCode;
}
