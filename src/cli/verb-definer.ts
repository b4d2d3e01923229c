// How groups of verbs are added to the command line: program.ts hands this to each group.
import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';

/** A verb's work; resolves with the exit code. */
export type Run<F> = (context: CommandContext, args: string[], flags: F) => Promise<number>;

export interface VerbDefiner {
  /** `usage` in commander's form, such as `get <types...>`; below `parent` where it is a verb of a verb. */
  verb(usage: string, description: string, parent?: Command): Command;
  /** An action that connects, runs and keeps the exit code. */
  run<F>(run: Run<F>): (...given: unknown[]) => Promise<void>;
}

/** The flags of verbs that work on objects given by name, file or labels. */
export function withChoice(command: Command): Command {
  return command
    .option('-f, --filename <file...>', 'the objects in these files')
    .option('-R, --recursive', 'also folders below a folder')
    .option('-l, --selector <labels>', 'all that carry these labels')
    .option('--all', 'all of the kind in the namespace');
}

export function withDryRun(command: Command): Command {
  return command.option('--dry-run [how]', 'client or server: say what would be done and do nothing');
}
