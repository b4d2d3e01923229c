// Reads a request's body, never more of it than an object may be.
import type { IncomingMessage } from 'node:http';
import { badRequest, tooLarge } from '../../api/status-error.ts';

/** As upstream's limit for a request in its API server. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** @throws StatusError RequestEntityTooLarge; BadRequest when the client goes away in the middle. */
export async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw bodyTooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // The request must outlive a refusal, to read the rest away: so no `for await` without this option.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) throw bodyTooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    throw isAborted(error) ? badRequest('the connection ended before the body was complete') : error;
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

const isAborted = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === 'ECONNRESET';

const bodyTooLarge = () =>
  tooLarge(
    `Request entity too large: limit is ${MAX_BODY_BYTES}. Split the object or leave out what it need not hold.`,
  );
