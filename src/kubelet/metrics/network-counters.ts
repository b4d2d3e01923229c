// What has gone through the network interfaces that a process sees, from /proc/PID/net/dev: for a pod, those of its pause
// container. https://man7.org/linux/man-pages/man5/proc_pid_net.5.html
import { processFile } from '../board/process-file.ts';

/** Since the interface was made. */
export interface InterfaceCounters {
  name: string;
  rxBytes: number;
  rxErrors: number;
  txBytes: number;
  txErrors: number;
}

const ERRORS_OFFSET = 2;
const TX_OFFSET = 8;

/** Without the loopback, which reaches nobody. */
export function parseInterfaces(text: string): InterfaceCounters[] {
  const lines = text.split('\n').map((line) => /^\s*([^:\s]+):\s*(.*)$/.exec(line));
  return lines.flatMap((match) => {
    const [, name = 'lo', rest = ''] = match ?? [];
    if (name === 'lo') return [];
    const figures = rest.split(/\s+/).map(Number);
    const [rxBytes = 0, rxErrors = 0] = [figures[0], figures[ERRORS_OFFSET]];
    const [txBytes = 0, txErrors = 0] = [figures[TX_OFFSET], figures[TX_OFFSET + ERRORS_OFFSET]];
    return [{ name, rxBytes, rxErrors, txBytes, txErrors }];
  });
}

/** `undefined` when the process is gone. */
export async function readInterfaces(pid: number | 'self'): Promise<InterfaceCounters[] | undefined> {
  const text = await processFile(pid, 'net/dev');
  return text === undefined ? undefined : parseInterfaces(text);
}
