// A network namespace as a pod has one, with servers on its own loopback alone. It is gone with its one process.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Greets first, and answers the whole of what it was sent after its sender has ended. */
const SERVER = `
  const { createServer } = require('node:net');
  const answer = (socket) => {
    let bytes = 0;
    socket.on('error', () => socket.destroy());
    socket.write('hello\\n');
    socket.on('data', (chunk) => { bytes += chunk.length; });
    socket.on('end', () => socket.end(bytes + ' bytes from ' + socket.remoteAddress));
  };
  const listen = (port, host) => new Promise((resolve) =>
    createServer({ allowHalfOpen: true }, answer).listen(port, host, resolve));
  Promise.all([listen(8080, '127.0.0.1'), listen(8081, '::1')]).then(() => console.log('ready'));
`;

export class PodNamespace {
  #process: ChildProcess | undefined;

  /** Of a process in it. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** 8080 listens on 127.0.0.1, 8081 on ::1. */
  async start(): Promise<void> {
    const script = 'ip link set lo up && exec "$0" -e "$1"';
    const child = spawn('unshare', ['--net', 'sh', '-c', script, process.execPath, SERVER], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process = child;
    await once(child.stdout, 'data');
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
}
