// edgectl exec and attach: a process of a pod on this terminal. Its exit code becomes ours.
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import type { Terminal } from './io.ts';
import { choosePod, containerOf } from './pod-argument.ts';
import { type RemoteRequest, runRemote } from './remote-process.ts';

export interface AttachFlags {
  stdin?: boolean;
  tty?: boolean;
  container?: string;
}

/** `edgectl exec POD [--] COMMAND…`; resolves with the command's exit code. */
export async function exec(
  context: CommandContext,
  args: readonly string[],
  flags: AttachFlags,
): Promise<number> {
  const [pod = '', ...command] = args;
  if (command.length === 0) throw new CliError("say what to run: 'edgectl exec POD -- COMMAND'");
  return run(context, pod, flags, { subresource: 'exec', command });
}

/** Resolves when the container ends or the connection is closed. */
export async function attach(
  context: CommandContext,
  args: readonly string[],
  flags: AttachFlags,
): Promise<number> {
  return run(context, args[0] ?? '', flags, { subresource: 'attach' });
}

async function run(
  context: CommandContext,
  pod: string,
  flags: AttachFlags,
  what: Pick<RemoteRequest, 'subresource' | 'command'>,
): Promise<number> {
  const key = `${context.namespace}/${await choosePod(context, pod)}`;
  const container = await containerOf(context, key, flags.container);
  const terminal = terminalOf(context);
  const tty = wantsTty(context, flags, terminal);
  const restore = tty ? terminal.raw() : () => {};
  try {
    return await runRemote(
      context,
      { ...what, pod: key, container, tty },
      {
        stdin: flags.stdin ? terminal.input : undefined,
        out: (bytes) => context.io.out(bytes),
        err: (bytes) => terminal.err(bytes),
        onSize: tty ? (listener) => terminal.onSize(listener) : undefined,
      },
    );
  } finally {
    restore();
    // What is open keeps the program from ending.
    if (flags.stdin) terminal.input.destroy();
  }
}

function terminalOf({ io }: CommandContext): Terminal {
  if (!io.terminal) throw new CliError('this program has no terminal to work with');
  return io.terminal;
}

/** As kubectl: without a terminal here there is none to give, and that is said. */
function wantsTty({ io }: CommandContext, flags: AttachFlags, terminal: Terminal): boolean {
  if (!flags.tty) return false;
  if (terminal.isTty && flags.stdin) return true;
  io.err('Unable to use a TTY - input is not a terminal or the right kind of file');
  return false;
}
