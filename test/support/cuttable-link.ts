// A TCP link that a test can cut and join again, always at the same address; TLS passes through it untouched.

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class CuttableLink {
  readonly #target: () => number;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #isDown = false;

  /** `target` gives the port on loopback that it leads to now. */
  constructor(target: () => number) {
    this.#target = target;
    this.#server = createServer((socket) => this.#join(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Sockets of both ends. */
  get connections(): number {
    return this.#sockets.size;
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Resets every connection; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** As a peer that hangs: what is connected stays so, and what is sent is lost. */
  hush(): void {
    for (const socket of this.#sockets) socket.unpipe().resume();
  }

  /** Until up(), nobody gets through. */
  down(): void {
    this.#isDown = true;
    this.cut();
  }

  up(): void {
    this.#isDown = false;
  }

  #join(near: Socket): void {
    if (this.#isDown) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(this.#target(), '127.0.0.1');
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  }
}
