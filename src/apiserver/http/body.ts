// Reads a request's body, never more of it than an object may be.
import type { IncomingMessage } from 'node:http';
import { badRequest, type StatusError, tooLarge } from '../../api/status-error.ts';

/** As upstream's limit for a request in its API server. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** @throws StatusError RequestEntityTooLarge; BadRequest when the client goes away in the middle. */
export function readBody(incoming: IncomingMessage): Promise<Buffer> {
  if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return Promise.reject(bodyTooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const letGo = () => incoming.off('data', take).off('end', finish).off('close', leave);
    // The request outlives a refusal, so that the rest can be read away.
    const refuse = (error: StatusError) => {
      letGo().pause();
      reject(error);
    };
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) refuse(bodyTooLarge());
      else chunks.push(chunk);
    };
    const finish = () => {
      letGo();
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    };
    const leave = () => refuse(badRequest('the connection ended before the body was complete'));
    incoming.on('error', ignore);
    if (incoming.destroyed) leave();
    else incoming.on('data', take).on('end', finish).on('close', leave);
  });
}

/** It closes as well. */
const ignore = () => undefined;

const bodyTooLarge = () =>
  tooLarge(
    `Request entity too large: limit is ${MAX_BODY_BYTES}. Split the object or leave out what it need not hold.`,
  );
