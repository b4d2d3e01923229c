// Reads the objects of `-f`: files, folders, `-` for standard input; YAML or JSON, several documents, Lists.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CliError } from './cli-error.ts';
import type { Io } from './io.ts';

/** An object as a person wrote it, and where. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name?: string; namespace?: string; generateName?: string } & Record<string, unknown>;
  [field: string]: unknown;
}

export interface LocatedManifest {
  manifest: Manifest;
  /** Such as `web.yaml, document 2`. */
  source: string;
}

const ENDINGS = ['.yaml', '.yml', '.json'];

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function filesBelow(folder: string, recursive: boolean): Promise<string[]> {
  const files: string[] = [];
  for (const entry of (await readdir(folder, { withFileTypes: true })).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && recursive) files.push(...(await filesBelow(path, recursive)));
    else if (!entry.isDirectory() && ENDINGS.some((ending) => entry.name.endsWith(ending))) files.push(path);
  }
  return files;
}

async function filesOf(path: string, recursive: boolean): Promise<string[]> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'it does not exist' : error.message;
    throw new CliError(`cannot read ${path}: ${why}`);
  });
  if (!found.isDirectory()) return [path];
  const files = await filesBelow(path, recursive);
  if (files.length === 0) {
    throw new CliError(
      `${path} holds no .yaml, .yml or .json file${recursive ? '' : ' (-R looks into folders below it)'}`,
    );
  }
  return files;
}

/** The documents of one text, as plain values; empty documents left out. */
async function documents(text: string, source: string): Promise<{ value: unknown; source: string }[]> {
  const { default: yaml } = await import('yaml');
  const parsed = yaml.parseAllDocuments(text, { maxAliasCount: 100 } as object);
  const found: { value: unknown; source: string }[] = [];
  for (const [i, document] of [...parsed].entries()) {
    const where = parsed.length > 1 ? `${source}, document ${i + 1}` : source;
    const problem = document.errors[0];
    if (problem)
      throw new CliError(`${where} is not valid YAML: ${problem.message.split('\n')[0]?.replace(/:$/, '')}`);
    const value: unknown = toValue(() => document.toJS({ maxAliasCount: 100 }), where);
    if (value !== null && value !== undefined) found.push({ value, source: where });
  }
  return found;
}

function toValue(convert: () => unknown, where: string): unknown {
  try {
    return convert();
  } catch (error) {
    throw new CliError(`${where} is not valid YAML: ${(error as Error).message}`);
  }
}

function check(value: unknown, source: string): LocatedManifest {
  if (!isRecord(value))
    throw new CliError(`${source} is no Kubernetes object: it must have apiVersion, kind and metadata`);
  for (const field of ['apiVersion', 'kind']) {
    if (typeof value[field] !== 'string' || value[field] === '') {
      throw new CliError(`${source}: ${field} not set: every object needs apiVersion and kind`);
    }
  }
  if (!isRecord(value.metadata))
    throw new CliError(`${source}: metadata not set: every object needs metadata.name`);
  return { manifest: value as Manifest, source };
}

/** A List stands for its items. */
function expand(value: unknown, source: string): LocatedManifest[] {
  const isList = isRecord(value) && typeof value.kind === 'string' && value.kind.endsWith('List');
  if (!isList || !Array.isArray(value.items)) return [check(value, source)];
  return value.items.flatMap((item, i) => expand(item, `${source}, item ${i + 1}`));
}

/** Objects in the order of files and documents. Rejects with a CliError naming the file and what is wrong. */
export async function readManifests(
  io: Io,
  names: readonly string[],
  options: { recursive?: boolean } = {},
): Promise<LocatedManifest[]> {
  const found: LocatedManifest[] = [];
  const add = async (text: string, source: string) => {
    for (const document of await documents(text, source))
      found.push(...expand(document.value, document.source));
  };
  for (const name of names) {
    if (name === '-') {
      await add(await io.readInput(), 'standard input');
      continue;
    }
    if (/^https?:\/\//.test(name)) {
      throw new CliError(`${name} is an address: download it first and give the file, or pipe it into -f -`);
    }
    const path = resolve(io.workingDirectory, name);
    for (const file of await filesOf(path, options.recursive ?? false))
      await add(await readFile(file, 'utf8'), file);
  }
  if (found.length === 0) throw new CliError(`no objects in ${names.join(', ')}`);
  return found;
}
