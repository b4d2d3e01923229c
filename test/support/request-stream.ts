// A stream of GET requests, each on a connection of its own, that counts what a visitor would call a failure: no
// answer, a reset, a truncated or a wrong body.
import { createHash } from 'node:crypto';
import { request } from 'node:http';

export interface StreamCount {
  ok: number;
  failures: string[];
}

const GAP_MS = 15;
const TIMEOUT_MS = 10_000;

/** Resolves with the SHA-256 of the whole body; rejects also when the body ends early. */
function hashOf(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, timeout: TIMEOUT_MS }, (response) => {
      const hash = createHash('sha256');
      response.on('data', (chunk: Buffer) => hash.update(chunk));
      response.once('error', reject);
      response.once('close', () => {
        if (!response.complete) reject(new Error('the body was truncated'));
        else if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
        else resolve(hash.digest('hex'));
      });
    });
    asked.once('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.once('error', reject);
    asked.end();
  });
}

/** Asks `urls` in turn until the function that it gives is called; that waits for what is under way. */
export function streamRequests(urls: readonly string[], sha256: string): () => Promise<StreamCount> {
  const count: StreamCount = { ok: 0, failures: [] };
  const open = new Set<Promise<void>>();
  const startedMs = performance.now();
  let next = 0;
  const ask = () => {
    const url = urls[next++ % urls.length] ?? '';
    const fail = (why: string) =>
      void count.failures.push(`${((performance.now() - startedMs) / 1000).toFixed(2)} s ${url}: ${why}`);
    const one = hashOf(url)
      .then(
        (hash) => {
          if (hash === sha256) count.ok++;
          else fail('another body');
        },
        (error: Error) => fail(error.message),
      )
      .finally(() => open.delete(one));
    open.add(one);
  };
  const timer = setInterval(ask, GAP_MS);
  return async () => {
    clearInterval(timer);
    await Promise.all(open);
    return count;
  };
}
