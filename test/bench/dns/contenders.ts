// Who is asked: the board's DNS and dnsmasq, with the same names, and one upstream server behind both.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { AS_LAUNCHED } from '../as-launched.ts';

export interface DnsContender {
  name: string;
  port: number;
  process: ChildProcess;
  stop(): void;
}

export const SERVICES = 200;
/** Names under it exist, all of them. */
export const OUTSIDE = 'elsewhere.test';
const UPSTREAM_PORT = 15399;
const dnsProcess = join(import.meta.dirname, '../../support/dns-process.ts');

export function startUpstream(): Promise<DnsContender> {
  return dnsmasq('upstream', UPSTREAM_PORT, [`--address=/${OUTSIDE}/203.0.113.1`, '--local-ttl=300']);
}

export async function startDnsContenders(): Promise<DnsContender[]> {
  const records = Array.from(
    { length: SERVICES },
    (_, i) => `--host-record=svc-${i}.default.svc.cluster.local,10.48.1.${i}`,
  );
  const forward = [`--server=127.0.0.1#${UPSTREAM_PORT}`, '--cache-size=1000', '--local=/cluster.local/'];
  const more = [...records, ...forward, '--local-ttl=5', '--dns-forward-max=1000'];
  return [await edgeCluster(15300), await dnsmasq('dnsmasq', 15301, more)];
}

async function edgeCluster(port: number): Promise<DnsContender> {
  const args = [port, UPSTREAM_PORT, SERVICES].map(String);
  const child = fork(dnsProcess, args, AS_LAUNCHED);
  await once(child, 'message');
  return contender('edge-cluster', port, child);
}

async function dnsmasq(name: string, port: number, more: readonly string[]): Promise<DnsContender> {
  const plain = ['--no-daemon', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--user=root'];
  const listen = [
    `--port=${port}`,
    '--listen-address=127.0.0.1',
    '--bind-interfaces',
    '--log-facility=/dev/null',
  ];
  const started = contender(
    name,
    port,
    spawn('dnsmasq', [...plain, ...listen, ...more], { stdio: 'ignore' }),
  );
  const resolver = new Resolver({ timeout: 200, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const known = name === 'upstream' ? OUTSIDE : 'svc-0.default.svc.cluster.local';
  await eventually(() => resolver.resolve4(known), 10_000);
  return started;
}

const contender = (name: string, port: number, process: ChildProcess): DnsContender => ({
  name,
  port,
  process,
  stop: () => void process.kill(),
});
