// Answers HTTP about the board itself (nodes/NAME/proxy), each connection on a channel that the API server opens:
// what upstream's kubelet listens for on 10250 comes here over the stream that the board dialled.
import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { BoardStream } from './board-stream.ts';

export interface BoardDocument {
  /** 200 unless given. */
  code?: number;
  type: string;
  text: string;
  /** Where to ask instead. */
  location?: string;
}

/** One too large to be held, which may grow meanwhile: sent as long as it was. Whoever sends it closes it. */
export interface BoardFile {
  type: string;
  file: FileHandle;
  sizeBytes: number;
}

/** `undefined` = there is no such path. */
export type BoardDocuments = (path: string) => Promise<BoardDocument | BoardFile | undefined>;

const PLAIN = 'text/plain; charset=utf-8';

/** Resolves when the client is gone. */
export async function serveBoard(
  { link, signal, onMessage }: BoardStream,
  documents: BoardDocuments,
): Promise<{ exitCode?: number }> {
  // It never listens: it is only given connections.
  const server = createServer((incoming, response) => void answer(incoming, response, documents));
  onMessage(({ open }) => {
    if (open) server.emit('connection', link.channel(open.channel));
  });
  link.start();
  link.send({ started: true });
  if (!signal.aborted) await once(signal, 'abort');
  return {};
}

async function answer(incoming: IncomingMessage, response: ServerResponse, documents: BoardDocuments) {
  const send = (code: number, { type, text, location }: BoardDocument) => {
    const headers = { 'content-type': type, 'content-length': Buffer.byteLength(text) };
    response.writeHead(code, location === undefined ? headers : { ...headers, location });
    response.end(incoming.method === 'HEAD' ? undefined : text);
  };
  const { method, url = '/' } = incoming;
  incoming.resume();
  if (method !== 'GET' && method !== 'HEAD') return send(405, { type: PLAIN, text: 'Method Not Allowed\n' });
  try {
    const found = await documents(url.replace(/\?.*$/s, ''));
    if (found && 'file' in found) return await sendFile(found, method, response);
    send(found ? (found.code ?? 200) : 404, found ?? { type: PLAIN, text: '404 page not found\n' });
  } catch (error) {
    // Whose answer has begun can only be told by its end.
    if (response.headersSent) response.destroy();
    else send(500, { type: PLAIN, text: `the board cannot say: ${String(error)}\n` });
  }
}

async function sendFile({ type, file, sizeBytes }: BoardFile, method: string, response: ServerResponse) {
  try {
    response.writeHead(200, { 'content-type': type, 'content-length': sizeBytes });
    if (method === 'HEAD' || sizeBytes === 0) response.end();
    else await pipeline(file.createReadStream({ start: 0, end: sizeBytes - 1, autoClose: false }), response);
  } finally {
    await file.close();
  }
}
