// podman's list of containers. podman takes the ids first and looks at each of them then: when one is removed in
// between, by us or by anybody else, it fails as a whole. Such a list is asked for again.
import type { LibpodClient } from './libpod-client.ts';
import { isNotFound } from './libpod-error.ts';

/** On a board where containers go as fast as this the next look has to do. */
const TRIES = 5;

/** `query` as in `all=true`. Rejects with a LibpodError. */
export async function containerList<T>(client: LibpodClient, query: string): Promise<T[]> {
  for (let left = TRIES; ; left--) {
    try {
      return (await client.getJson<T[] | null>(`/containers/json?${query}`)) ?? [];
    } catch (error) {
      if (left <= 1 || !isNotFound(error)) throw error;
    }
  }
}
