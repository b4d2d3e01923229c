// Whether the cluster's DNS answers, asked as its clients ask: over the network, for a name that is always there.
import { encode } from 'dns-packet';
import type { Clock } from '../base/clock.ts';
import { exchange, type Upstream } from './upstream-exchange.ts';
import { rcodeOf, rcodes } from './wire.ts';

const TIMEOUT_MS = 2000;

/** Resolves with what is wrong, in words; `undefined` = it answers. `domain` such as `cluster.local`. */
export async function dnsProblem(
  server: Upstream,
  domain: string,
  clock: Clock,
): Promise<string | undefined> {
  const questions = [{ type: 'TXT' as const, name: `dns-version.${domain}` }];
  try {
    const query = encode({ type: 'query', id: 0, questions });
    const rcode = rcodeOf(await exchange(query, server, 'udp', { clock, timeoutMs: TIMEOUT_MS }));
    if (rcode === rcodes.NOERROR) return undefined;
    return rcode === rcodes.SERVFAIL
      ? 'the Services of the cluster are not known yet'
      : `it answers with code ${rcode}`;
  } catch (error) {
    return (error as Error).message;
  }
}
