// Reads a collection in parts of 500, as kubectl does, so that neither side holds one huge answer.
import { apiVersionOf } from '../api/scheme.ts';
import { isExpired } from '../api/status-error.ts';
import { collectionPath, withQuery } from '../client/resource-path.ts';
import type { ApiConnection } from './api-connection.ts';
import type { Resource } from './discovery.ts';

const PAGE_SIZE = 500;

export interface ListQuery {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

interface Page {
  metadata?: { continue?: string };
}

async function readPages<P extends Page>(
  connection: ApiConnection,
  resource: Resource,
  query: ListQuery,
  accept: string | undefined,
  limit: number | undefined,
): Promise<P[]> {
  const { namespace, ...selectors } = query;
  const pages: P[] = [];
  let next: string | undefined;
  do {
    const path = withQuery(collectionPath(resource, namespace), { ...selectors, limit, continue: next });
    const page = await connection.json<P>({ method: 'GET', path, ...(accept ? { accept } : {}) });
    pages.push(page);
    next = page.metadata?.continue;
  } while (next);
  return pages;
}

/** All pages, at least one. Rejects with a StatusError. */
export async function listPages<P extends Page>(
  connection: ApiConnection,
  resource: Resource,
  query: ListQuery,
  accept?: string,
): Promise<P[]> {
  try {
    return await readPages<P>(connection, resource, query, accept, PAGE_SIZE);
  } catch (error) {
    // The list's revision left the server's history between two pages: only one whole answer is consistent now.
    if (isExpired(error)) return readPages<P>(connection, resource, query, accept, undefined);
    throw error;
  }
}

/** All objects of a collection, with apiVersion and kind, which lists leave out. */
export async function listObjects<T extends object>(
  connection: ApiConnection,
  resource: Resource,
  query: ListQuery,
): Promise<T[]> {
  const pages = await listPages<{ items?: T[] } & Page>(connection, resource, query);
  const apiVersion = apiVersionOf(resource);
  return pages
    .flatMap((page) => page.items ?? [])
    .map((item) => ({ apiVersion, kind: resource.kind, ...item }));
}
