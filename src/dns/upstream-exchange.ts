// One question to one upstream server, from a port and with an id that nobody can guess (RFC 5452).
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { takeMessages, withLength } from './tcp-framing.ts';
import { HEADER_BYTES, isResponse, questionBytes } from './wire.ts';

export interface Upstream {
  address: string;
  port: number;
}

export type Transport = 'udp' | 'tcp';

/** Rejects when nothing fitting comes within `timeoutMs`, or when the server refuses. */
export function exchange(
  query: Buffer,
  upstream: Upstream,
  transport: Transport,
  { clock, timeoutMs }: { clock: Clock; timeoutMs: number },
): Promise<Buffer> {
  const asked = Buffer.from(query);
  asked.writeUInt16BE(randomInt(0x10000), 0);
  return new Promise((resolve, reject) => {
    const send = transport === 'udp' ? overUdp : overTcp;
    const close = send(asked, upstream, (message) => {
      if (message instanceof Error) return finish(() => reject(message));
      if (fits(asked, message)) finish(() => resolve(message));
    });
    const timer = clock.after(timeoutMs, () =>
      finish(() => reject(new Error(`${upstream.address} did not answer within ${timeoutMs} ms`))),
    );
    function finish(settle: () => void): void {
      timer.cancel();
      close();
      settle();
    }
  });
}

type OnMessage = (message: Buffer | Error) => void;

function overUdp(query: Buffer, { address, port }: Upstream, onMessage: OnMessage): () => void {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  let isOpen = true;
  socket.on('error', onMessage);
  socket.on('message', onMessage);
  // Connected: the kernel passes on only what comes from that server, and tells when its port is closed.
  socket.connect(port, address, () => {
    if (isOpen) socket.send(query);
  });
  return () => {
    if (isOpen) socket.close();
    isOpen = false;
  };
}

function overTcp(query: Buffer, { address, port }: Upstream, onMessage: OnMessage): () => void {
  const socket = connect(port, address);
  let received: Buffer = Buffer.alloc(0);
  socket.on('error', onMessage);
  socket.on('end', () => onMessage(new Error(`${address} closed without an answer`)));
  socket.on('data', (chunk: Buffer) => {
    const { messages, rest } = takeMessages(Buffer.concat([received, chunk]));
    received = rest;
    for (const message of messages) onMessage(message);
  });
  socket.end(withLength(query));
  return () => void socket.destroy();
}

/** A response to this very question: anything else is late, lost or forged, and waited past. */
function fits(query: Buffer, response: Buffer): boolean {
  if (response.length < HEADER_BYTES || !isResponse(response)) return false;
  if (response.readUInt16BE(0) !== query.readUInt16BE(0) || response.readUInt16BE(4) !== 1) return false;
  try {
    const lower = (message: Buffer) => questionBytes(message).toString('latin1').toLowerCase();
    return lower(response) === lower(query);
  } catch {
    return false;
  }
}
