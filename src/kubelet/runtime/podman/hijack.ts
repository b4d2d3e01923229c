// Requests to podman whose connection becomes the streams of a process: exec and attach.
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { libpodError } from './libpod-error.ts';

/**
 * Rejects with a LibpodError when podman refuses, or the socket's own error. Without `json` nothing follows the
 * headers: podman reads no body of an attach, and would hand it to the process as its first input.
 */
export function hijack(socketPath: string, path: string, json?: unknown): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const sent = request({
      socketPath,
      method: 'POST',
      path,
      agent: false,
      headers: { host: 'd', connection: 'Upgrade', upgrade: 'tcp', 'content-type': 'application/json' },
    });
    sent.on('error', reject);
    sent.on('upgrade', (_response, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      resolve(socket as Socket);
    });
    sent.on('response', (response) => {
      const refused = (body: string) => reject(libpodError(response.statusCode ?? 500, body));
      text(response).then(refused, reject);
    });
    sent.end(json === undefined ? undefined : JSON.stringify(json));
  });
}
