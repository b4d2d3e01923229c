// What tests of Ingress ask and answer with, below what a well-behaved client or backend would say.
import { connect, createServer as createNetServer, type Socket } from 'node:net';
import type { Test } from 'tap';
import { closeServer, portOf } from '../../src/base/listener.ts';
import { IngressLab, type IngressSpecs, ingress } from './ingress-lab.ts';

export async function labWith(t: Test, ...specs: IngressSpecs[]): Promise<IngressLab> {
  const lab = await IngressLab.start(t);
  lab.server.update(specs.map(ingress));
  return lab;
}

export const toWeb = [{ path: '/', service: 'web' }];

/** What comes back for bytes that no well-behaved client sends. */
export function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.setTimeout(1500, () => socket.destroy());
    socket.once('close', () => resolve(text));
    socket.once('error', reject);
  });
}

/** The same until the server ends the connection; rejects when it does not. */
export function heard(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.setTimeout(5000, () => socket.destroy(new Error('left waiting')));
    socket.once('end', () => resolve(text));
    socket.once('error', reject);
  });
}

/** A backend that says these bytes to whatever it is asked, and then does `after` to the connection. */
export async function saying(lab: IngressLab, bytes: string, after: (socket: Socket) => void): Promise<void> {
  const server = createNetServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(bytes, () => setImmediate(after, socket)));
    lab.test.teardown(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  lab.test.teardown(() => closeServer(server));
  lab.service('web', [portOf(server)]);
}
