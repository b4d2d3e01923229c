// edgectl: the command line of the cluster. Joins the verbs to this process.
import { homedir } from 'node:os';
import { text } from 'node:stream/consumers';
import { connect } from '../cli/connect.ts';
import type { Io } from '../cli/io.ts';
import { runEdgectl } from '../cli/program.ts';
import { processTerminal } from './terminal.ts';
import { VERSION } from './version.ts';

/** Whoever reads our output may leave early, such as `head`: that is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const io: Io = {
  out: (output) => new Promise((resolve) => process.stdout.write(output, () => resolve())),
  err: (line) => process.stderr.write(`${line}\n`),
  readInput: () => text(process.stdin),
  terminal: processTerminal,
  env: process.env,
  workingDirectory: process.cwd(),
  homeDirectory: process.env.HOME || homedir(),
  now: () => Date.now(),
};

// Not process.exit(): what is written to a pipe must get there first.
process.exitCode = await runEdgectl(
  {
    io,
    version: VERSION,
    connect: (flags) => connect(io, flags),
    examine: async (dataDir) => (await import('./examine-board.ts')).examineBoard(dataDir),
  },
  process.argv.slice(2),
);
