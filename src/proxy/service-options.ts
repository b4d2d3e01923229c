// What a Service asks of the proxy by annotation. What cannot be read is told and left at its default. Pure.

export type Balance = 'round-robin' | 'least-connections';

export interface ServiceOptions {
  balance: Balance;
  /** Of all ports together, on one board; absent = no limit. */
  maxConnections?: number;
  /** Version of the PROXY protocol by which endpoints learn the client's address. */
  proxyProtocol?: 1 | 2;
}

export const BALANCE_ANNOTATION = 'edge-cluster.io/balance';
export const MAX_CONNECTIONS_ANNOTATION = 'edge-cluster.io/max-connections';
export const PROXY_PROTOCOL_ANNOTATION = 'edge-cluster.io/proxy-protocol';

export const defaultOptions: ServiceOptions = { balance: 'round-robin' };

export function serviceOptions(annotations: Readonly<Record<string, string>>): {
  options: ServiceOptions;
  notes: string[];
} {
  const options: ServiceOptions = { ...defaultOptions };
  const notes: string[] = [];
  const read = (name: string, expected: string, take: (value: string) => boolean) => {
    const value = annotations[name];
    if (value !== undefined && !take(value)) {
      notes.push(`annotation ${name}: ${JSON.stringify(value)} is ignored: it must be ${expected}`);
    }
  };
  read(BALANCE_ANNOTATION, '"round-robin" or "least-connections"', (value) => {
    if (value !== 'round-robin' && value !== 'least-connections') return false;
    options.balance = value;
    return true;
  });
  read(MAX_CONNECTIONS_ANNOTATION, 'a whole number from 1', (value) => {
    if (!/^[1-9]\d{0,8}$/.test(value)) return false;
    options.maxConnections = Number(value);
    return true;
  });
  read(PROXY_PROTOCOL_ANNOTATION, '"v1" or "v2"', (value) => {
    if (value !== 'v1' && value !== 'v2') return false;
    options.proxyProtocol = value === 'v1' ? 1 : 2;
    return true;
  });
  return { options, notes };
}
