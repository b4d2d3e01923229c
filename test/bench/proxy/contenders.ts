// Who is measured, and the backends behind all of them. Each has one thread; socat forks for each connection.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { AS_LAUNCHED } from '../as-launched.ts';
import { processesOf } from '../processes.ts';

export interface Contender {
  name: string;
  requestsPort: number;
  bulkPort: number;
  /** Of all its processes. */
  pssMB(): Promise<number>;
  stop(): void;
}

const HTTP_PORT = 18080;
const IPERF_PORT = 15201;
const peers = join(import.meta.dirname, '../peers');
const relay = join(import.meta.dirname, '../../support/relay-process.ts');

export async function startBackends(dir: string): Promise<{ stop(): void }[]> {
  const config = await configure('backend.conf', dir, { requestsPort: 0, bulkPort: 0 });
  const started = [
    spawn('nginx', ['-c', config], { stdio: 'ignore' }),
    spawn('iperf3', ['-s', '-p', String(IPERF_PORT)], { stdio: 'ignore' }),
  ];
  await listening([HTTP_PORT, IPERF_PORT]);
  return started.map((child) => ({ stop: () => void child.kill() }));
}

export async function startContenders(dir: string): Promise<Contender[]> {
  const none = { name: 'no proxy', requestsPort: HTTP_PORT, bulkPort: IPERF_PORT };
  const contenders = [
    { ...none, pssMB: async () => 0, stop: () => undefined },
    await haproxy(dir, { requestsPort: 18090, bulkPort: 15290 }),
    await nginxStream(dir, { requestsPort: 18091, bulkPort: 15291 }),
    await socat({ requestsPort: 18092, bulkPort: 15292 }),
    await edgeCluster({ requestsPort: 18093, bulkPort: 15293 }),
  ];
  await listening(contenders.flatMap(({ requestsPort, bulkPort }) => [requestsPort, bulkPort]));
  return contenders;
}

interface Ports {
  requestsPort: number;
  bulkPort: number;
}

async function haproxy(dir: string, ports: Ports): Promise<Contender> {
  const config = await configure('haproxy.cfg', dir, ports);
  return contender('haproxy', ports, [spawn('haproxy', ['-f', config], { stdio: 'ignore' })]);
}

async function nginxStream(dir: string, ports: Ports): Promise<Contender> {
  const config = await configure('nginx-stream.conf', dir, ports);
  return contender('nginx stream', ports, [spawn('nginx', ['-c', config], { stdio: 'ignore' })]);
}

async function socat(ports: Ports): Promise<Contender> {
  const start = (port: number, target: number) => {
    const listen = `TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork,backlog=4096,nodelay`;
    return spawn('socat', ['-b', '65536', listen, `TCP:127.0.0.1:${target},nodelay`], { stdio: 'ignore' });
  };
  return contender('socat (forks)', ports, [
    start(ports.requestsPort, HTTP_PORT),
    start(ports.bulkPort, IPERF_PORT),
  ]);
}

/** One process for each of the two, of which one works at a time. */
async function edgeCluster(ports: Ports): Promise<Contender> {
  const start = async (port: number, target: number) => {
    const child = fork(relay, [String(port), String(target)], AS_LAUNCHED);
    await once(child, 'message');
    return child;
  };
  const children = [await start(ports.requestsPort, HTTP_PORT), await start(ports.bulkPort, IPERF_PORT)];
  return contender('edge-cluster', ports, children);
}

function contender(name: string, ports: Ports, children: readonly ChildProcess[]): Contender {
  return {
    name,
    ...ports,
    async pssMB() {
      const uses = await Promise.all(children.map((child) => processesOf(child.pid ?? 0, [])));
      return (uses.flat().reduce((sum, { pssKiB }) => sum + pssKiB, 0) * 1024) / 1e6;
    },
    stop: () => children.forEach((child) => void child.kill()),
  };
}

/** A copy of a committed configuration with its ports put in. */
async function configure(name: string, dir: string, { requestsPort, bulkPort }: Ports): Promise<string> {
  const values: Record<string, string | number> = {
    DIR: dir,
    HTTP: HTTP_PORT,
    IPERF: IPERF_PORT,
    REQUESTS: requestsPort,
    BULK: bulkPort,
  };
  const template = await readFile(join(peers, name), 'utf8');
  const path = join(dir, name);
  await writeFile(
    path,
    template.replace(/@([A-Z]+)@/g, (_, key: string) => String(values[key])),
  );
  return path;
}

async function listening(ports: readonly number[]): Promise<void> {
  for (const port of ports) await eventually(() => accepts(port), 10_000);
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}
