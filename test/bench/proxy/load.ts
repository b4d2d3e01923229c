// The load: iperf3 and wrk, each with one thread, and what they report.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { urlHost } from '../../../src/base/ip.ts';
import { eventually } from '../../support/eventually.ts';

const run = promisify(execFile);
const RETRY_BUSY_MS = 30_000;

export interface Destination {
  host: string;
  port: number;
  /** The network namespace of who asks; this one unless given. */
  from?: string;
}

export interface RequestRate {
  /** Per second. */
  rate: number;
  p99Ms: number;
  /** Failed, cut short or not answered with 2xx. */
  errors: number;
}

/** Gigabits per second that arrived. */
export async function bulk(to: Destination, connections: number, seconds: number): Promise<number> {
  const args = ['-c', to.host, '-p', to.port, '-t', seconds, '-P', connections, '--json'].map(String);
  // The server says that it is busy while it still ends the run before.
  return eventually(async () => {
    const { stdout } = await runFrom(to, 'iperf3', args);
    const { error, end } = JSON.parse(stdout);
    if (error) throw new Error(error);
    return end.sum_received.bits_per_second / 1e9;
  }, RETRY_BUSY_MS);
}

/** On connections that stay. */
export function requests(to: Destination, connections: number, seconds: number): Promise<RequestRate> {
  return wrk(to, connections, seconds, []);
}

/** A connection for each request. */
export function newConnections(to: Destination, connections: number, seconds: number): Promise<RequestRate> {
  return wrk(to, connections, seconds, ['-H', 'Connection: close']);
}

async function wrk(
  to: Destination,
  connections: number,
  seconds: number,
  more: readonly string[],
): Promise<RequestRate> {
  const args = ['-t', 1, '-c', connections, '-d', `${seconds}s`, '--latency'].map(String);
  const { stdout } = await runFrom(to, 'wrk', [...args, ...more, `http://${urlHost(to.host)}:${to.port}/`]);
  return parseWrk(stdout);
}

/** Questions and answers per second over UDP, 100 on their way at any time; `file` has the questions. */
export async function udpQuestions(to: Destination, file: string, seconds: number): Promise<number> {
  const args = ['-s', to.host, '-p', to.port, '-d', file, '-c', 10, '-T', 1, '-q', 100, '-l', seconds];
  const { stdout } = await runFrom(to, 'dnsperf', args.map(String));
  return Number(/Queries per second:\s+([\d.]+)/.exec(stdout)?.[1]);
}

function runFrom({ from }: Destination, command: string, args: readonly string[]) {
  const options = { maxBuffer: 64 << 20 };
  if (from === undefined) return run(command, args, options);
  return run('nsenter', [`--net=/run/netns/${from}`, command, ...args], options);
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
