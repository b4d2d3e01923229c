// Runs `ip`, `nft` and their like: the only door from this room to the kernel, but for its switches under /proc/sys.
import { spawn } from 'node:child_process';

export interface CommandRunner {
  /** Resolves with standard output; rejects with what the program said. `input` goes to its standard input. */
  run(command: string, args: readonly string[], input?: string): Promise<string>;
}

export const systemCommands: CommandRunner = {
  run(command, args, input) {
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, { stdio: 'pipe' });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text) => {
        stderr += text;
      });
      child.stdin.on('error', () => undefined);
      child.stdin.end(input ?? '');
      child.on('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'ENOENT' ? new Error(`${command} is not installed on this board`) : error),
      );
      child.on('close', (code) =>
        code === 0 ? resolve(stdout) : reject(new Error(`${command} ${args.join(' ')}: ${stderr.trim()}`)),
      );
    });
  },
};
