// Waits for an object's removal by watching it: no polling, and a new object of the same name counts as gone.
import { isExpired, timeout } from '../api/status-error.ts';
import type { CommandContext } from './command-context.ts';
import { resourceName } from './command-context.ts';
import type { Resource } from './discovery.ts';
import { listPages } from './list-pages.ts';
import { watchLines } from './watch-lines.ts';

interface Removed {
  metadata: { name: string; namespace?: string; uid?: string };
}

interface Page {
  metadata?: { resourceVersion?: string; continue?: string };
  items?: Removed[];
}

async function isGone(context: CommandContext, resource: Resource, object: Removed, signal: AbortSignal) {
  const { name, namespace, uid } = object.metadata;
  const query = { ...(namespace ? { namespace } : {}), fieldSelector: `metadata.name=${name}` };
  const [page] = await listPages<Page>(context.connection, resource, query);
  const still = page?.items?.find((item) => !uid || item.metadata.uid === uid);
  if (!still) return true;
  const resourceVersion = page?.metadata?.resourceVersion;
  const events = watchLines<Removed>(context.connection, resource, { ...query, resourceVersion }, { signal });
  for await (const event of events) {
    if (event.type === 'DELETED' || (uid && event.object.metadata.uid !== uid)) return true;
  }
  return false;
}

/** Rejects with a Timeout StatusError after `timeoutMs`; 0 waits for as long as it takes. */
export async function waitUntilGone(
  context: CommandContext,
  resource: Resource,
  object: Removed,
  timeoutMs: number,
): Promise<void> {
  const signal = timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : new AbortController().signal;
  for (;;) {
    try {
      if (await isGone(context, resource, object, signal)) return;
    } catch (error) {
      if (signal.aborted) {
        const what = resourceName(resource, object.metadata.name);
        throw timeout(
          `timed out waiting for ${what} to be gone: it is still being deleted; look with 'edgectl describe'`,
        );
      }
      if (!isExpired(error)) throw error;
    }
  }
}
