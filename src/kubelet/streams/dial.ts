// Opens a TCP connection and hands it over unread, with the reason in the words that clients of Kubernetes know.
import { connect, isIPv6, type Socket } from 'node:net';

/** Opening a connection failed; the message is Go's, as kubelets on other machines say it. */
export class DialError extends Error {}

/** Go's words for what the kernel says. */
const WORDS: Record<string, string> = {
  ECONNREFUSED: 'connect: connection refused',
  ECONNRESET: 'connect: connection reset by peer',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  EADDRNOTAVAIL: 'connect: cannot assign requested address',
  ETIMEDOUT: 'i/o timeout',
};

/**
 * Resolves with a connection of which nothing has been read yet (paused): what its server says first is kept for
 * whoever is given it. @throws DialError
 */
export function dial(host: string, port: number, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    socket.pause();
    const fail = (code: string | undefined, otherwise: string) => {
      socket.destroy();
      const [family, where] = isIPv6(host) ? ['tcp6', `[${host}]:${port}`] : ['tcp4', `${host}:${port}`];
      reject(new DialError(`dial ${family} ${where}: ${WORDS[code ?? ''] ?? otherwise}`));
    };
    const failed = (error: NodeJS.ErrnoException) => fail(error.code, error.message);
    socket.once('error', failed);
    socket.setTimeout(timeoutMs, () => fail('ETIMEDOUT', ''));
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeListener('error', failed);
      resolve(socket);
    });
  });
}

/** Of the network that it is called in: IPv4 first, as upstream. @throws DialError with both reasons. */
export async function dialLoopback(port: number, timeoutMs: number): Promise<Socket> {
  try {
    return await dial('127.0.0.1', port, timeoutMs);
  } catch (first) {
    const second = await dial('::1', port, timeoutMs).catch((error: unknown) => error);
    if (!(second instanceof Error)) return second as Socket;
    throw new DialError(
      `failed to connect to localhost:${port}, IPv4: ${(first as Error).message} IPv6: ${second.message}`,
    );
  }
}
