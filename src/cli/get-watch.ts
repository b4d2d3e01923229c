// edgectl get -w: what there is, then every change as it happens, over reconnects, until stopped.
import { apiVersionOf } from '../api/scheme.ts';
import { isExpired } from '../api/status-error.ts';
import type { CommandContext } from './command-context.ts';
import { formatName, formatValue } from './format-value.ts';
import { type GetFlags, queryOf } from './get-query.ts';
import { type ListQuery, listPages } from './list-pages.ts';
import { TABLE_ACCEPT, type TableAnswer, TableColumns } from './table-answer.ts';
import type { Target } from './targets.ts';
import { TextTable } from './text-table.ts';
import { watchLines } from './watch-lines.ts';

interface WatchedObject {
  metadata: { name: string; resourceVersion?: string };
}

interface Page {
  metadata?: { resourceVersion?: string; continue?: string };
}

interface ObjectPage extends Page {
  items?: WatchedObject[];
}

/** Shows what a list holds and each change, `P` being a part of the list and `T` what changes carry. */
interface Printer<P extends Page, T> {
  accept?: string;
  showPage(page: P): Promise<void>;
  showChange(change: T): Promise<void>;
  revisionOf(change: T): string | undefined;
}

function tablePrinter(
  context: CommandContext,
  target: Target,
  flags: GetFlags,
): Printer<TableAnswer, TableAnswer> {
  const text = new TextTable();
  let columns: TableColumns | undefined;
  const show = async (answer: TableAnswer) => {
    if (!answer.rows?.length) return;
    const fresh = columns === undefined;
    columns ??= new TableColumns(answer, target.resource, {
      wide: flags.output === 'wide',
      showNamespace: Boolean(flags.allNamespaces && target.resource.namespaced),
      showLabels: flags.showLabels ?? false,
      kindInName: false,
    });
    const header = fresh && flags.headers !== false ? [columns.header()] : [];
    const rows = answer.rows.map((row) => columns?.row(row) ?? []);
    await context.io.out(text.render([...header, ...rows]));
  };
  return {
    accept: TABLE_ACCEPT,
    showPage: show,
    showChange: show,
    revisionOf: (answer) =>
      answer.rows?.[0]?.object.metadata.resourceVersion ?? answer.metadata?.resourceVersion,
  };
}

function objectPrinter(
  context: CommandContext,
  target: Target,
  flags: GetFlags,
): Printer<ObjectPage, WatchedObject> {
  const apiVersion = apiVersionOf(target.resource);
  const show = async (object: WatchedObject) => {
    if (flags.output === 'name') {
      await context.io.out(formatName(target.resource, object.metadata.name));
      return;
    }
    const whole = { apiVersion, kind: target.resource.kind, ...object };
    const text = await formatValue(whole, flags.output === 'yaml' ? 'yaml' : 'json');
    await context.io.out(flags.output === 'yaml' ? `---\n${text}` : text);
  };
  return {
    async showPage(page) {
      for (const item of page.items ?? []) await show(item);
    },
    showChange: show,
    revisionOf: (object) => object.metadata.resourceVersion,
  };
}

/** The watched query, narrowed to one object where one is named. */
function watchQuery(context: CommandContext, target: Target, flags: GetFlags): ListQuery {
  const query = queryOf(context, target.resource, flags);
  const name = target.names[0];
  if (!name) return query;
  const fields = [query.fieldSelector, `metadata.name=${name}`].filter((part) => part);
  return { ...query, fieldSelector: fields.join(',') };
}

async function follow<P extends Page, T>(
  context: CommandContext,
  target: Target,
  query: ListQuery,
  from: string | undefined,
  printer: Printer<P, T>,
): Promise<never> {
  let resourceVersion = from;
  const options = printer.accept ? { accept: printer.accept } : {};
  // A server ends every watch after a while: the next one begins where this one ended.
  for (;;) {
    const changes = watchLines<T>(
      context.connection,
      target.resource,
      { ...query, resourceVersion },
      options,
    );
    for await (const { object } of changes) {
      resourceVersion = printer.revisionOf(object) ?? resourceVersion;
      await printer.showChange(object);
    }
  }
}

async function listAndFollow<P extends Page, T>(
  context: CommandContext,
  target: Target,
  query: ListQuery,
  printer: Printer<P, T>,
): Promise<never> {
  for (;;) {
    try {
      const pages = await listPages<P>(context.connection, target.resource, query, printer.accept);
      for (const page of pages) await printer.showPage(page);
      await follow(context, target, query, pages[0]?.metadata?.resourceVersion, printer);
    } catch (error) {
      // The history no longer reaches back to where this watch stood: begin anew with what there is now.
      if (!isExpired(error)) throw error;
    }
  }
}

/** Ends only by an error or with the process. */
export function watchTarget(context: CommandContext, target: Target, flags: GetFlags): Promise<never> {
  const query = watchQuery(context, target, flags);
  const tabular = flags.output === undefined || flags.output === 'wide';
  return tabular
    ? listAndFollow(context, target, query, tablePrinter(context, target, flags))
    : listAndFollow(context, target, query, objectPrinter(context, target, flags));
}
