// Bulk beside a timer of the same thread: how much is relayed before others have their turn.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { Relay } from '../../src/proxy/relay.ts';
import { RelayBuffers } from '../../src/proxy/relay-buffers.ts';
import {
  connectTo,
  listenOn,
  localAddress,
  newSocket,
  startReading,
  type TcpHandle,
} from '../../src/proxy/tcp-handle.ts';
import { eventually } from '../support/eventually.ts';

const MiB = 1 << 20;
const CONNECTIONS = 12;
/** The largest buffer that a connection reads into. */
const READ_BYTES = 256 << 10;

/** A source that never ends, and readers of it by way of `port`, in a process of their own. */
const ENDLESS = `
  const { connect, createServer } = require('node:net');
  const chunk = Buffer.alloc(1 << 20);
  createServer((socket) => {
    socket.on('error', () => undefined);
    const push = () => { while (socket.write(chunk)); };
    socket.on('drain', push);
    push();
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
  process.stdin.on('data', (port) => {
    for (let i = 0; i < ${CONNECTIONS}; i++) connect(Number(port), '127.0.0.1').on('error', () => undefined).resume();
  });`;

t.test('a turn of the loop relays some MiB, however much waits on however many connections', async (t) => {
  const ends = spawn(process.execPath, ['-e', ENDLESS], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => ends.kill('SIGKILL'));
  const [sourcePort] = await once(ends.stdout, 'data');
  const buffers = new RelayBuffers();
  const relays: Relay[] = [];
  const listener = listenOn('127.0.0.1', 0, 64);
  t.teardown(() => {
    listener.close();
    for (const relay of relays) relay.abort();
  });
  listener.onconnection = (_status, client) => {
    const upstream = newSocket();
    connectTo(upstream, '127.0.0.1', Number(sourcePort), () => {
      relays.push(new Relay(client as TcpHandle, upstream, buffers, () => undefined));
      relays.at(-1)?.start();
    });
    startReading(upstream, buffers.shared);
  };
  ends.stdin.write(String(localAddress(listener).port));
  const relayed = () => relays.reduce((sum, { upstream }) => sum + upstream.bytesRead, 0);
  let before = 0;
  let most = 0;
  let isOver = false;
  const look = () => {
    most = Math.max(most, relayed() - before);
    before = relayed();
    if (!isOver) setImmediate(look);
  };
  look();
  await eventually(() => relayed() > 300 * MiB, 30_000);
  isOver = true;
  t.comment(`at most ${(most / MiB).toFixed(1)} MiB in one turn`);
  t.ok(most <= 4 * MiB + CONNECTIONS * READ_BYTES, `${most} bytes`);
});
