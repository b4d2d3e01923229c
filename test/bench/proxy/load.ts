// The load: iperf3 and wrk, each with one thread, and what they report.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually } from '../../support/eventually.ts';

const run = promisify(execFile);
const RETRY_BUSY_MS = 30_000;

export interface RequestRate {
  /** Per second. */
  rate: number;
  p99Ms: number;
  /** Failed, cut short or not answered with 2xx. */
  errors: number;
}

/** Gigabits per second that arrived. */
export async function bulk(port: number, connections: number, seconds: number): Promise<number> {
  const args = ['-c', '127.0.0.1', '-p', port, '-t', seconds, '-P', connections, '--json'].map(String);
  // The server says that it is busy while it still ends the run before.
  return eventually(async () => {
    const { stdout } = await run('iperf3', args, { maxBuffer: 64 << 20 });
    const { error, end } = JSON.parse(stdout);
    if (error) throw new Error(error);
    return end.sum_received.bits_per_second / 1e9;
  }, RETRY_BUSY_MS);
}

/** On connections that stay. */
export function requests(port: number, connections: number, seconds: number): Promise<RequestRate> {
  return wrk(port, connections, seconds, []);
}

/** A connection for each request. */
export function newConnections(port: number, connections: number, seconds: number): Promise<RequestRate> {
  return wrk(port, connections, seconds, ['-H', 'Connection: close']);
}

async function wrk(
  port: number,
  connections: number,
  seconds: number,
  more: readonly string[],
): Promise<RequestRate> {
  const args = ['-t', 1, '-c', connections, '-d', `${seconds}s`, '--latency'].map(String);
  const { stdout } = await run('wrk', [...args, ...more, `http://127.0.0.1:${port}/`]);
  return parseWrk(stdout);
}

export function parseWrk(text: string): RequestRate {
  const [, value = 'NaN', unit = 'ms'] = /99%\s+([\d.]+)(us|ms|s)\b/.exec(text) ?? [];
  const inMs = { us: 0.001, ms: 1, s: 1000 }[unit] ?? Number.NaN;
  const socketErrors = /Socket errors: (.*)/.exec(text)?.[1]?.match(/\d+/g) ?? [];
  const other = /Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? '0';
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? Number.NaN),
    p99Ms: Number(value) * inMs,
    errors: [...socketErrors, other].reduce((sum, count) => sum + Number(count), 0),
  };
}
