// What went wrong with a connection, in the words of Go's net package: people search for them.

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

export function networkErrorText(error: Error, host: string, port: number): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  const place = `${host}:${port}`;
  if (WORDS[code]) return `dial tcp ${place}: ${WORDS[code]}`;
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${host}: no such host`;
  if (code === 'ECONNRESET') return `read tcp ${place}: connection reset by peer`;
  return error.message;
}
