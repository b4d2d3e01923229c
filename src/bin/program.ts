// The frame of every long-running program: flags, one line for what is wrong, signals, an orderly end.
import type { Component } from '../base/component.ts';
import { messageOf } from '../base/error-message.ts';
import { type Flags, type FlagValues, helpText, parseFlags, UsageError } from './flags.ts';

export interface ProgramDefinition {
  /** Such as `edge-master [flags]`. */
  usage: string;
  about: string;
  flags: Flags;
  /** Makes what runs. `fail` ends the program from inside for a reason that cannot be mended while running. */
  create(values: FlagValues, fail: (error: Error) => void): Promise<Component> | Component;
  /** What the flags ask to be done instead of running; it ends by itself. */
  task?(values: FlagValues): (() => Promise<void>) | undefined;
  /** After start(): tells the person what there is. */
  ready?(values: FlagValues, component: Component): Promise<void>;
}

/** The longest that a timer takes. */
const HOLD_MS = 2 ** 31 - 1;
const helpFlag: Flags = { help: { value: undefined, help: 'this text' } };

/** Runs until a signal; ends the process with 0, or 1 after saying what is wrong. */
export async function runProgram(definition: ProgramDefinition): Promise<void> {
  const flags = { ...definition.flags, ...helpFlag };
  let component: Component | undefined;
  let ending: Promise<void> | undefined;
  const end = (code: number) => {
    ending ??= stop(component, code);
    return ending;
  };
  const fail = (error: Error) => {
    process.stderr.write(`error: ${describe(error)}\n`);
    void end(1);
  };
  outliveReaders();
  try {
    const values = parseFlags(flags, process.argv.slice(2));
    if (values.help) {
      process.stdout.write(`${helpText(definition.usage, definition.about, flags)}\n`);
      return;
    }
    const task = definition.task?.(values);
    if (task) {
      await task();
      return await end(0);
    }
    // Its own timers do not keep it: a board with no master in sight has nothing open, and still must wait.
    setInterval(() => undefined, HOLD_MS);
    component = await definition.create(values, fail);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(0));
    await component.start();
    if (!ending) await definition.ready?.(values, component);
  } catch (error) {
    if (ending) return;
    process.stderr.write(`error: ${describe(error)}\n`);
    await end(error instanceof UsageError ? 2 : 1);
  }
}

/** Whoever reads what this program says may end before it does, such as `tee` at Ctrl-C: that is no reason to fall. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

async function stop(component: Component | undefined, code: number): Promise<void> {
  try {
    await component?.stop();
    process.exit(code);
  } catch (error) {
    process.stderr.write(`error: while stopping: ${describe(error)}\n`);
    process.exit(1);
  }
}

function describe(error: unknown): string {
  const { code, port } = error as { code?: string; port?: number };
  if (code === 'EADDRINUSE')
    return `port ${port} is in use by another program: choose another or stop that one`;
  const message = messageOf(error);
  const remedy = remedies[code ?? ''];
  return oneLine(remedy && !message.includes(remedy) ? `${message}: ${remedy}` : message);
}

/** What a person can do about a file system that does not let us write. */
const remedies: Readonly<Record<string, string>> = {
  ENOENT: 'the directory cannot be made there, choose another --data-dir',
  ENOTDIR: 'a part of the path is a file, choose another --data-dir',
  EROFS: 'mount it writable or choose another --data-dir',
  EACCES: 'run as the user who owns it, or choose another --data-dir',
  EPERM: 'choose another --data-dir',
  ENOSPC: 'free some space on its disk and start again',
};

const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, ' ');
