// edgectl edit: shows objects in the person's editor and sends back what was changed. A file that the server refuses
// is kept, so that no work is lost.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { objectPath } from '../client/resource-path.ts';
import { type ChoosingFlags, type Chosen, chooseObjects, readObject } from './chosen-objects.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, resourceName } from './command-context.ts';
import { formatValue } from './format-value.ts';
import { eachOf } from './outcome.ts';

const HELP = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit.
#
`;

function openEditor(context: CommandContext, file: string): Promise<void> {
  const { env } = context.io;
  const editor = env.KUBE_EDITOR || env.EDITOR || 'vi';
  return new Promise((resolve, reject) => {
    // The variable may hold flags too, so a shell reads it; the file is handed over as an argument.
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0
        ? resolve()
        : reject(
            new CliError(
              `there was a problem with the editor "${editor}": set EDITOR to one that is installed`,
            ),
          ),
    );
  });
}

const withoutComments = (text: string) =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .trim();

async function editOne(context: CommandContext, chosen: Chosen, folder: string): Promise<void> {
  const name = resourceName(chosen.resource, chosen.name);
  const before = await formatValue(await readObject<object>(context, chosen), 'yaml');
  const file = join(folder, `${chosen.resource.singular}-${chosen.name}.yaml`);
  await writeFile(file, HELP + before, { mode: 0o600 });
  await openEditor(context, file);
  const after = withoutComments(await readFile(file, 'utf8'));
  if (after === '' || after === withoutComments(before)) {
    await context.io.out(
      after === '' ? 'Edit cancelled, saved file was empty.\n' : 'Edit cancelled, no changes made.\n',
    );
    return;
  }
  try {
    const { default: yaml } = await import('yaml');
    // With the revision that was shown: another's change meanwhile is not overwritten.
    const body: unknown = yaml.parse(after);
    await context.connection.json({ method: 'PUT', path: objectPath(chosen.resource, chosen.key), body });
  } catch (error) {
    context.io.err(`A copy of your changes has been stored to "${file}"`);
    throw error;
  }
  await context.io.out(`${name} edited\n`);
}

/** Resolves with the exit code. */
export async function edit(context: CommandContext, args: string[], flags: ChoosingFlags): Promise<number> {
  const chosen = await chooseObjects(context, args, flags);
  const folder = await mkdtemp(join(tmpdir(), 'edgectl-edit-'));
  const exitCode = await eachOf(context.io, chosen, (one) => editOne(context, one, folder));
  if (exitCode === 0) await rm(folder, { recursive: true, force: true });
  return exitCode;
}
