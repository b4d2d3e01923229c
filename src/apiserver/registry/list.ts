// LIST: what is there now, or what was there at a revision that the history still reaches, in pages if asked.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
import type { KubeObject } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { storedKind } from '../../api/served-versions.ts';
import { badRequest, expired, invalid, isExpired, type StatusError } from '../../api/status-error.ts';
import type { ListOptions } from '../../client/client.ts';
import type { Entry, Store, StoreEvent } from '../../store/store.ts';
import { type ContinueToken, decodeContinue, encodeContinue, isOutlived } from './continue-token.ts';
import { storePrefix } from './keys.ts';
import { Selection } from './selection.ts';

export interface ServerListOptions extends ListOptions {
  limit?: number | undefined;
  continue?: string | undefined;
  resourceVersion?: string | undefined;
  resourceVersionMatch?: string | undefined;
}

export interface ListResult {
  resourceVersion: string;
  items: KubeObject[];
  continue?: string;
  remainingItemCount?: number;
}

type Item = Pick<Entry, 'key' | 'value'>;

/** @throws StatusError BadRequest, Invalid, Expired. */
export function listObjects(
  store: Store,
  kind: KindDefinition,
  options: ServerListOptions,
  nowMs: number,
): ListResult {
  checkVersionOptions(kind, options);
  const selection = new Selection(kind, options);
  const prefix = storePrefix(storedKind(kind), options.namespace);
  const token = options.continue ? decodeContinue(options.continue) : undefined;
  if (token && isOutlived(token, nowMs)) throw withFreshToken(store, token, nowMs);
  const revision = token?.revision ?? exactRevision(options) ?? store.revision;
  const items = itemsAt(store, prefix, revision, token, nowMs);
  const rest = token ? items.filter((item) => item.key > token.afterKey) : items;
  const limit = options.resourceVersion === '0' ? undefined : options.limit;
  return page(rest, selection, limit, { revision, begunMs: token?.begunMs ?? nowMs });
}

function page(
  items: readonly Item[],
  selection: Selection,
  limit: number | undefined,
  shownAt: Omit<ContinueToken, 'afterKey'>,
): ListResult {
  const resourceVersion = String(shownAt.revision);
  const chosen = items.filter((item) => selection.matches(item.value));
  const shown = limit ? chosen.slice(0, limit) : chosen;
  const last = shown.at(-1);
  const result: ListResult = { resourceVersion, items: shown.map((item) => item.value) };
  if (!last || shown.length === chosen.length) return result;
  result.continue = encodeContinue({ ...shownAt, afterKey: last.key });
  if (selection.selectsAll) result.remainingItemCount = chosen.length - shown.length;
  return result;
}

function exactRevision(options: ServerListOptions): number | undefined {
  return options.resourceVersionMatch === 'Exact' ? Number(options.resourceVersion) : undefined;
}

function checkVersionOptions(kind: KindDefinition, options: ServerListOptions): void {
  const { resourceVersion, resourceVersionMatch: match } = options;
  if (options.continue && resourceVersion && resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  if (match !== undefined && match !== '') checkMatch(kind, match, resourceVersion);
}

function checkMatch(kind: KindDefinition, match: string, resourceVersion: string | undefined): void {
  const refuse = (message: string) => {
    const subject = { group: kind.group, kind: 'ListOptions', name: '' };
    const field = 'resourceVersionMatch';
    return invalid(subject, [{ reason: 'FieldValueForbidden', field, message: `Forbidden: ${message}` }]);
  };
  if (!resourceVersion) throw refuse('resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    throw refuse(`"${match}" is not supported: use Exact or NotOlderThan`);
  }
  if (match === 'Exact' && resourceVersion === '0') {
    throw refuse('resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
  }
}

/** What was under `prefix` at `revision`, in key order. @throws StatusError Expired, with a fresh token for pages. */
function itemsAt(
  store: Store,
  prefix: string,
  revision: number,
  token: ContinueToken | undefined,
  nowMs: number,
): Item[] {
  const now = store.list(prefix);
  if (revision >= store.revision) return now;
  try {
    return undone(now, historySince(store, prefix, revision));
  } catch (error) {
    if (token && isExpired(error)) throw withFreshToken(store, token, nowMs);
    throw error;
  }
}

function historySince(store: Store, prefix: string, revision: number): StoreEvent[] {
  const history: StoreEvent[] = [];
  store.watch(prefix, revision, (events) => history.push(...events))();
  return history;
}

/** The state before `history`: its writes taken back, the newest first. */
function undone(now: readonly Entry[], history: readonly StoreEvent[]): Item[] {
  if (history.length === 0) return [...now];
  const state = new Map(now.map((entry) => [entry.key, entry.value]));
  for (const event of history.toReversed()) {
    if (event.previous) state.set(event.key, event.previous);
    else state.delete(event.key);
  }
  return [...state].map(([key, value]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1));
}

function withFreshToken(store: Store, { afterKey }: ContinueToken, nowMs: number): StatusError {
  drawRevision(store);
  const fresh = encodeContinue({ revision: undefined, afterKey, begunMs: nowMs });
  const message =
    'The provided continue parameter is too old to display a consistent list result. You can start a new list ' +
    'without the continue parameter, or use the continue token in this response to go on with what is there now.';
  return Object.assign(expired(message), { listMeta: { continue: fresh } });
}

/**
 * As upstream's compaction, which is a write too: what is listed from now on has another revision than the pages before
 * also where nobody writes, so that clients can tell the two lists apart. In memory alone; a store that ends has no more
 * pages to give.
 */
function drawRevision(store: Store): void {
  const mark = { apiVersion: 'v1', kind: 'Status', metadata: { name: 'expired-pages' } } as KubeObject;
  store.write(MARK_KEY, () => ({ put: mark }), { volatile: true }).catch(() => {});
}

/** Outside of all that is listed and watched. */
const MARK_KEY = '/expired-pages';
