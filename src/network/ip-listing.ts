// What `ip` has to tell, in JSON.
import type { CommandRunner } from './command-runner.ts';

/**
 * As `ip -json address show` prints it. Where only some addresses are asked for, other devices may have none of them.
 */
export interface DeviceAddresses {
  ifname: string;
  addr_info?: readonly { local?: string; prefixlen?: number }[];
}

/** `what` are the arguments behind `ip -json`, such as `route show`. */
export async function listIp<T>(commands: CommandRunner, ...what: readonly string[]): Promise<T[]> {
  // With nothing to tell it may print nothing at all.
  return JSON.parse((await commands.run('ip', ['-json', ...what])) || '[]');
}
