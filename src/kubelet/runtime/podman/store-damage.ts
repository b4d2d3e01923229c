// What podman's words say of a store that a power cut damaged. Its own promise is weak: it writes files without fsync, so
// that lists come back empty or cut off, and layers without their files.
import { LibpodError } from './libpod-error.ts';

/** Each as podman 4.3 says it when a list, a manifest or a folder of a layer is damaged. */
const IMAGE_DAMAGE = [
  /layer not known/,
  /unexpected end of JSON input/,
  /digest \S+ does not match expected/,
  /\/overlay\/[0-9a-f]{64}(\/\S*)?: no such file or directory/,
  /may be corrupted \(remove the image/,
];

/** BoltDB's and SQLite's words, also in the trace of a podman that crashed over them; the last of a row it cannot parse. */
const DATABASE_DAMAGE = [
  /bbolt\.\(/,
  /invalid database|invalid page type/,
  /database disk image is malformed|file is not a database/,
  /libpod\.Container(Config|State)\.|unmarshalling container \S+( config| state)?: readObjectStart/,
];

/** Whether something of the image that the container is made from is missing. */
export function isImageDamage(error: unknown): boolean {
  if (!(error instanceof LibpodError)) return false;
  return IMAGE_DAMAGE.some((words) => words.test(error.message));
}

/** Of a list that podman 5 cannot parse; podman 4 took it for empty. */
const LIST_DAMAGE =
  /loading "(\/[^"]+\/overlay-(?:layers|images|containers)\/[a-z-]+\.json)": .*error found in #/;

/** The path of the list of layers, images or containers that cannot be read. */
export function damagedList(said: string): string | undefined {
  return LIST_DAMAGE.exec(said.replaceAll('\\"', '"'))?.[1];
}

/**
 * Of what a podman printed that did not come up, or answered: whether it could not read what it knows of containers, layers
 * or images. With SQLite (podman 5) it comes up over most damages and fails only as it reads them.
 */
export function isStoreDamage(said: string): boolean {
  return DATABASE_DAMAGE.some((words) => words.test(said)) || damagedList(said) !== undefined;
}
