// edgectl version: this program's version and the server's.
import type { CommandContext } from './command-context.ts';
import { checkFormat, formatValue } from './format-value.ts';
import type { Io } from './io.ts';

export interface VersionFlags {
  client?: boolean;
  output?: string;
}

interface ServerVersion {
  gitVersion?: string;
}

/** `connect` is called only when the server is asked. */
export async function version(
  io: Io,
  clientVersion: string,
  connect: () => Promise<CommandContext>,
  flags: VersionFlags,
): Promise<number> {
  const format = checkFormat(flags.output, ['json', 'yaml'] as const);
  const clientPart = { clientVersion: { gitVersion: `v${clientVersion}` } };
  const print = async (serverVersion?: ServerVersion) => {
    if (format) {
      await io.out(await formatValue({ ...clientPart, ...(serverVersion ? { serverVersion } : {}) }, format));
      return;
    }
    const server = serverVersion ? `Server Version: ${serverVersion.gitVersion ?? 'unknown'}\n` : '';
    await io.out(`Client Version: v${clientVersion}\n${server}`);
  };
  if (flags.client) {
    await print();
    return 0;
  }
  try {
    const { connection } = await connect();
    await print(await connection.json<ServerVersion>({ method: 'GET', path: '/version' }));
    return 0;
  } catch (error) {
    await print();
    throw error;
  }
}
