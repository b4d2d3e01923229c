// Connections to ports that listen on a pod's own loopback, in a real network namespace.
import { once } from 'node:events';
import { readlink } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { namesIn } from '../../src/base/if-present.ts';
import { type PodNetwork, PodPorts } from '../../src/kubelet/streams/pod-ports.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { rootOnly } from '../support/network-lab.ts';
import { PodNamespace } from '../support/pod-namespace.ts';

const place = { pod: 'default/web', podUid: 'u' };
/** Nothing listens on port 8080 or 8081 of it, as on the address of a pod. */
const ADDRESS = '127.9.9.9';

async function startedPod(t: Test) {
  const pod = new PodNamespace();
  await pod.start();
  t.teardown(() => pod.stop());
  return pod;
}

function portsOf(t: Test, network: PodNetwork) {
  const clock = new FakeClock();
  const ports = new PodPorts({ podNetwork: () => network, clock });
  t.teardown(() => ports.stop());
  return { ports, clock };
}

const networkOf = (pod: PodNamespace): PodNetwork => ({
  id: 's',
  address: ADDRESS,
  isBoards: false,
  pid: pod.pid,
});

/** How many processes are in the pod's network, its own one too. */
async function processesIn(pod: PodNamespace): Promise<number> {
  const own = await readlink(`/proc/${pod.pid}/ns/net`);
  const pids = (await namesIn('/proc')).filter((name) => /^\d+$/.test(name));
  const links = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/net`).catch(() => '')));
  return links.filter((link) => link === own).length;
}

async function talk(socket: Socket, sent: Buffer): Promise<string> {
  const answer = text(socket);
  socket.end(sent);
  return answer;
}

t.test(
  "a server on the pod's own 127.0.0.1 or ::1 is reached, half-close and first words kept",
  rootOnly,
  async (t) => {
    const { ports } = portsOf(t, networkOf(await startedPod(t)));
    const sent = Buffer.alloc(3_000_000, 'x');
    t.equal(await talk(await ports.connect(place, 8080), sent), 'hello\n3000000 bytes from 127.0.0.1');
    t.equal(await talk(await ports.connect(place, 8081), Buffer.from('abc')), 'hello\n3 bytes from ::1');
  },
);

t.test(
  'many connections at once are one process, which is gone when nobody asked for 30 s',
  rootOnly,
  async (t) => {
    const pod = await startedPod(t);
    const { ports, clock } = portsOf(t, networkOf(pod));
    const all = Array.from({ length: 50 }, async (_, i) =>
      talk(await ports.connect(place, 8080), Buffer.alloc(i, 'x')),
    );
    t.same(
      await Promise.all(all),
      all.map((_, i) => `hello\n${i} bytes from 127.0.0.1`),
    );
    t.equal(await processesIn(pod), 2);
    const open = await ports.connect(place, 8080);
    await clock.advance(30_000);
    await eventually(async () => (await processesIn(pod)) === 1);
    t.equal(
      await talk(open, Buffer.from('still')),
      'hello\n5 bytes from 127.0.0.1',
      'connections outlive it',
    );
    t.match(await talk(await ports.connect(place, 8080), Buffer.from('again')), /5 bytes/);
  },
);

t.test('what nothing listens on is told in upstream words', rootOnly, async (t) => {
  const { ports } = portsOf(t, networkOf(await startedPod(t)));
  await t.rejects(ports.connect(place, 9), {
    message:
      'failed to connect to localhost:9, IPv4: dial tcp4 127.0.0.1:9: connect: connection refused ' +
      'IPv6: dial tcp6 [::1]:9: connect: connection refused',
  });
});

t.test('a pod whose network is gone is told, not waited for', rootOnly, async (t) => {
  const pod = await startedPod(t);
  const network = networkOf(pod);
  await pod.stop();
  const { ports } = portsOf(t, network);
  await t.rejects(ports.connect(place, 8080), {
    message: /could be started in the pod's network: nsenter: /,
  });
});

t.test('proxied requests go to the address alone', rootOnly, async (t) => {
  const pod = await startedPod(t);
  const { ports } = portsOf(t, networkOf(pod));
  await t.rejects(ports.connectToAddress(place, 8080), {
    message: 'dial tcp4 127.9.9.9:8080: connect: connection refused',
  });
  t.equal(await processesIn(pod), 1);
});

t.test(
  "a pod of the board's own network is reached on the board's loopback, without a process",
  async (t) => {
    const server = createServer((socket) => socket.end('board'));
    server.listen(0, '::1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const { ports } = portsOf(t, { id: 's', address: ADDRESS, isBoards: true, pid: 1 });
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    t.equal(await talk(await ports.connect(place, port), Buffer.from('who')), 'board');
  },
);
