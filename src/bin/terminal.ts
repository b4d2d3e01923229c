// This process' own streams for edgectl's verbs that hand them to a process in a pod.
import type { TerminalSize } from '../api/session.ts';
import type { Terminal } from '../cli/io.ts';

function size(): TerminalSize {
  return { columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 };
}

export const processTerminal: Terminal = {
  // Asked for when it is used: opening it would keep other verbs from ending.
  get input() {
    return process.stdin;
  },
  get isTty() {
    return process.stdin.isTTY === true;
  },
  err: (bytes) => new Promise((resolve) => process.stderr.write(bytes, () => resolve())),
  raw() {
    process.stdin.setRawMode(true);
    return () => void process.stdin.setRawMode(false);
  },
  onSize(listener) {
    const changed = () => listener(size());
    changed();
    process.stdout.on('resize', changed);
    return () => void process.stdout.off('resize', changed);
  },
};
