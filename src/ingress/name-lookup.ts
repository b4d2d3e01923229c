// Backends that are names (Services of type ExternalName), asked of the cluster's DNS: it knows names of the cluster
// too, and a server that is silent holds no thread of the agent's pool, as a look-up by libc would. No name leads to
// the board's own loopback, or to what only its link knows: a Service must not open those.
import { Resolver } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { specialAddressProblem } from '../api/special-addresses.ts';

/** Per try; a client waits no longer for a name than for a connection. */
const TIMEOUT_MS = 2000;
const TRIES = 2;

/** Where `port` is absent the server answers on that of DNS. */
export interface NameServer {
  address: string;
  port?: number;
}

/**
 * `server` is asked for at each look-up; `undefined`: nobody has told of the cluster's ranges yet, so no name is
 * known.
 */
export function lookupAt(server: () => NameServer | undefined): LookupFunction {
  return (name, options, done) => {
    const known = server();
    // Later, as any look-up: until then nobody listens for the socket's errors.
    if (!known) return void setImmediate(done, notFound(name), '', 0);
    const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
    resolver.setServers([`${known.address}:${known.port ?? 53}`]);
    resolver.resolve4(name, (error, found = []) => {
      const addresses = found.filter((address) => specialAddressProblem(address) === undefined);
      const [first] = addresses;
      if (error || first === undefined) return done(error ?? notFound(name), '', 0);
      if (options.all)
        return done(
          null,
          addresses.map((address) => ({ address, family: 4 })),
        );
      done(null, first, 4);
    });
  };
}

function notFound(name: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no server knows ${name}`), { code: 'ENOTFOUND' });
}
