// Loads the schema table when it is first needed. Call once per process and pass the Schema around.
import { Schema } from './schema.ts';

export async function loadSchema(): Promise<Schema> {
  const { default: table } = await import('./table.json', { with: { type: 'json' } });
  return new Schema(table);
}
