// Opens the way to the cluster that the flags, the environment and the kubeconfig name.
import { HttpConnection } from '../client/http-connection.ts';
import type { CommandContext } from './command-context.ts';
import { Discovery } from './discovery.ts';
import type { Io } from './io.ts';
import { loadClusterAccess } from './kubeconfig.ts';
import type { GlobalFlags } from './program.ts';

/** No request is made yet. Rejects with a CliError when no kubeconfig can be used. */
export async function connect(io: Io, flags: GlobalFlags): Promise<CommandContext> {
  const access = await loadClusterAccess(io, {
    ...(flags.kubeconfig ? { path: flags.kubeconfig } : {}),
    ...(flags.context ? { context: flags.context } : {}),
  });
  const connection = new HttpConnection({ ...access, onWarning: (text) => io.err(`Warning: ${text}`) });
  return {
    io,
    access,
    connection,
    discovery: new Discovery(connection),
    namespace: flags.namespace || access.namespace,
    explicitNamespace: flags.namespace,
  };
}
