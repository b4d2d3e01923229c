// edgectl patch: sends a strategic merge, merge or JSON patch as it was written.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { KubeObject } from '../api/objects.ts';
import {
  type ChoosingFlags,
  chooseObjects,
  type PatchType,
  patchObject,
  readObject,
} from './chosen-objects.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, resourceName } from './command-context.ts';
import { eachOf } from './outcome.ts';

export interface PatchFlags extends ChoosingFlags {
  patch?: string;
  patchFile?: string;
  type: string;
  subresource?: string;
}

const TYPES: readonly string[] = ['strategic', 'merge', 'json'];

async function patchOf(context: CommandContext, flags: PatchFlags): Promise<unknown> {
  if ((flags.patch === undefined) === (flags.patchFile === undefined)) {
    throw new CliError('give the patch: -p \'{"spec":…}\' or --patch-file FILE');
  }
  const path = flags.patchFile && resolve(context.io.workingDirectory, flags.patchFile);
  const text = path
    ? await readFile(path, 'utf8').catch((error: Error) => {
        throw new CliError(`cannot read ${path}: ${error.message}`);
      })
    : (flags.patch ?? '');
  const { default: yaml } = await import('yaml');
  try {
    const body: unknown = yaml.parse(text);
    if (typeof body === 'object' && body !== null) return body;
  } catch (error) {
    throw new CliError(`unable to parse the patch: ${(error as Error).message.split('\n')[0]}`);
  }
  throw new CliError(
    'the patch must be an object, or a list of operations with --type=json, in JSON or YAML',
  );
}

/** Resolves with the exit code. */
export async function patch(context: CommandContext, args: string[], flags: PatchFlags): Promise<number> {
  if (!TYPES.includes(flags.type))
    throw new CliError(`--type must be one of ${TYPES.join(', ')}, not "${flags.type}"`);
  const body = await patchOf(context, flags);
  const type = flags.type as PatchType;
  return eachOf(context.io, await chooseObjects(context, args, flags), async (chosen) => {
    const before = await readObject<KubeObject>(context, chosen);
    const after = await patchObject<KubeObject>(context, chosen, {
      type,
      body,
      subresource: flags.subresource,
    });
    const isSame = before.metadata.resourceVersion === after.metadata.resourceVersion;
    await context.io.out(
      `${resourceName(chosen.resource, chosen.name)} patched${isSame ? ' (no change)' : ''}\n`,
    );
  });
}
