// Whether somebody accepts connections on a TCP port.
import { connect } from 'node:net';
import { networkErrorText } from './network-error.ts';

/** Rejects with an Error in upstream's words. */
export function tcpConnect(host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', (error) => {
      const text = signal.aborted
        ? `dial tcp ${host}:${port}: i/o timeout`
        : networkErrorText(error, host, port);
      reject(new Error(text));
    });
  });
}
