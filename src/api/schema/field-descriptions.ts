// What `kubectl explain` says of each field: a gzipped table beside the schema, of the same packages (Apache-2.0),
// read when an OpenAPI document is asked for, merged into it and let go.
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** By message as the schema table names it, `core/v1.Pod`; '' is the message itself, else a field's JSON name. */
export type FieldDescriptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** In the bundle it lies beside the programs. */
const TABLE = new URL('./descriptions.json.gz', import.meta.url);

export async function loadFieldDescriptions(): Promise<FieldDescriptions> {
  const text = await promisify(gunzip)(await readFile(TABLE));
  return JSON.parse(text.toString('utf8'));
}
