// The streams as other clients speak them: @kubernetes/client-node, every subprotocol by hand, edgectl; and the
// promise that a slow reader costs nobody memory.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Exec, KubeConfig, PortForward, type V1Status } from '@kubernetes/client-node';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { renderKubeconfig } from '../../src/pki/kubeconfig.ts';
import { eventually } from '../support/eventually.ts';
import { startStreamsLab } from '../support/streams-lab.ts';

const lab = await startStreamsLab();
t.teardown(() => lab.stop());
const { api } = lab;
const ca = api.authority.certificatePem;
const kubeConfig = new KubeConfig();
kubeConfig.loadFromString(renderKubeconfig({ server: api.url, authorityPem: ca, client: api.admin }));

interface Seen {
  socket: WebSocket;
  /** Bytes by channel. */
  channels: Map<number, Buffer[]>;
  closed: Promise<number>;
  text(channel: number): string;
}

function dial(t: Test, path: string, protocols: string[], isBase64 = false): Seen {
  const tls = { ca, cert: api.admin.certificatePem, key: api.admin.keyPem };
  const socket = new WebSocket(`${api.url.replace('https', 'wss')}${path}`, protocols, tls);
  t.teardown(() => socket.terminate());
  const channels = new Map<number, Buffer[]>();
  socket.on('message', (data: Buffer) => {
    const channel = (data[0] ?? 0) - (isBase64 ? 48 : 0);
    const rest = data.subarray(1);
    channels.set(channel, [
      ...(channels.get(channel) ?? []),
      isBase64 ? Buffer.from(rest.toString(), 'base64') : rest,
    ]);
  });
  socket.on('error', () => undefined);
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  return {
    socket,
    channels,
    closed,
    text: (channel) => Buffer.concat(channels.get(channel) ?? []).toString(),
  };
}

const query = (command: string[], more = '') =>
  `?stdout=true&stderr=1${more}&${command.map((word) => `command=${encodeURIComponent(word)}`).join('&')}`;
const both = query(['sh', '-c', 'echo out; echo err >&2; exit 3']);

t.test('every subprotocol carries both outputs and tells the end in its own way', async (t) => {
  for (const version of ['v5', 'v4', 'v3', 'v2', undefined]) {
    for (const isBase64 of [false, true]) {
      if (isBase64 && (version === 'v3' || version === 'v2')) continue;
      const name = [version, isBase64 ? 'base64' : undefined, 'channel.k8s.io'].filter(Boolean).join('.');
      const seen = dial(t, lab.path('exec') + both, [name], isBase64);
      t.equal(await seen.closed, 1000, name);
      t.equal(seen.socket.protocol, name);
      t.same([seen.text(1), seen.text(2)], ['out\n', 'err\n']);
      if (version === 'v5' || version === 'v4') {
        t.match(JSON.parse(seen.text(3)), {
          reason: 'NonZeroExitCode',
          details: { causes: [{ reason: 'ExitCode', message: '3' }] },
        });
      } else t.match(seen.text(3), /non-zero exit code: exit status 3/);
    }
  }
});

t.test('what cannot be served is refused in HTTP, before anything runs', async (t) => {
  const refusal = async (path: string, protocols: string[]) => {
    const { socket } = dial(t, path, protocols);
    const [, response] = await once(socket, 'unexpected-response');
    return { code: response.statusCode, ...JSON.parse(await text(response)) };
  };
  const before = lab.requests.length;
  const v4 = ['v4.channel.k8s.io'];
  t.match(await refusal(`${lab.path('exec')}?stdout=1`, v4), { code: 400, message: /at least one command/ });
  t.match(await refusal(`${lab.path('exec')}?command=x`, v4), { code: 400, message: /at least 1 of stdin/ });
  t.match(await refusal(lab.path('exec') + both, ['graphql']), {
    code: 400,
    message: /none of the subprotocols/,
  });
  t.match(await refusal(lab.path('portforward'), v4), { code: 400, message: /"ports" is required/ });
  t.match(await refusal(`${lab.path('portforward')}?ports=0`, v4), { code: 400, message: /as a port/ });
  t.match(await refusal(lab.path('status'), v4), { code: 400 });
  t.equal(lab.requests.length, before);
  const plain = await api.ask('POST', lab.path('exec') + both);
  t.match(plain, { code: 400, json: { message: 'Upgrade request required' } });
});

t.test('the size of the terminal reaches the process', async (t) => {
  const { socket, text } = dial(t, `${lab.path('exec')}?stdin=1&stdout=1&tty=1&command=stty&command=size`, [
    'v5.channel.k8s.io',
  ]);
  await once(socket, 'open');
  socket.send(Buffer.from('\x04{"Width":132,"Height":43}'));
  await eventually(() => text(1).includes('43 132'));
});

t.test('a log is read over WebSocket, as bytes and in base64', async (t) => {
  lab.setLog(async function* () {
    yield Buffer.from('line 1\n');
    yield Buffer.from([0xff, 0x00, 0x0a]);
  });
  for (const name of ['binary.k8s.io', 'base64.binary.k8s.io']) {
    const { socket, closed } = dial(t, lab.path('log'), [name]);
    const messages: Buffer[] = [];
    socket.on('message', (data: Buffer) =>
      messages.push(name.startsWith('base64') ? Buffer.from(String(data), 'base64') : data),
    );
    t.equal(await closed, 1000);
    t.same(Buffer.concat(messages), Buffer.from('line 1\n\xff\x00\n', 'latin1'), name);
  }
});

t.test('client-node runs, feeds and reads a process', async (t) => {
  const [stdout, stderr, stdin] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const status = new Promise<V1Status>((resolve) => {
    void new Exec(kubeConfig).exec('default', 'web', 'main', ['cat'], stdout, stderr, stdin, false, resolve);
  });
  const sent = randomBytes(1_000_000);
  const received = buffer(stdout);
  stderr.resume();
  await eventually(() => lab.process().command[0] === 'cat');
  stdin.end(sent);
  t.match(await status, { status: 'Success' });
  t.ok((await received).equals(sent));
});

t.test('client-node forwards a port', async (t) => {
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    const hash = createHash('sha256');
    for await (const chunk of socket) hash.update(chunk);
    socket.end(hash.digest('hex'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const [output, errors, input] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const socket = await new PortForward(kubeConfig).portForward(
    'default',
    'web',
    [port],
    output,
    errors,
    input,
  );
  const sent = randomBytes(700_000);
  input.end(sent);
  let answer = '';
  output.on('data', (chunk) => {
    answer += chunk;
  });
  await eventually(() => answer.length === 64);
  t.equal(answer, createHash('sha256').update(sent).digest('hex'));
  (socket as WebSocket).close();
});

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** In buffers that somebody still refers to. */
function heldBytes(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}

t.test('a client that does not read holds the process back, and others are not held', async (t) => {
  const idle = dial(t, lab.path('exec') + query(['yes']), ['v5.channel.k8s.io']);
  await once(idle.socket, 'open');
  idle.socket.pause();
  const slow = lab.process();
  const heldBefore = heldBytes();
  let before = -1;
  const isStill = () => {
    const still = slow.written === before && before > 0;
    before = slow.written;
    return still;
  };
  await eventually(isStill, 10_000, 200);
  // The sockets of both connections take what the kernel allows; beyond that only the windows are filled.
  t.ok(before < 32 * 1024 * 1024, `${before} bytes were written without a reader`);
  // Client, API server and board are all in this process; what was freed is given back a moment later.
  await eventually(() => {
    const held = heldBytes() - heldBefore;
    if (held > 4 * 1024 * 1024) throw new Error(`${held} bytes are held`);
  });
  const quick = dial(t, lab.path('exec') + query(['echo', 'quick']), ['v5.channel.k8s.io']);
  t.equal(await quick.closed, 1000);
  t.equal(quick.text(1), 'quick\n');
  idle.socket.resume();
  const total = () => (idle.channels.get(1) ?? []).reduce((sum, chunk) => sum + chunk.length, 0);
  await eventually(() => total() > before + 1_000_000, 10_000);
  idle.socket.terminate();
  await eventually(() => slow.isReleased);
});

t.test('input that nobody reads holds the client back', async (t) => {
  const { socket } = dial(t, lab.path('exec') + query(['sleep', '1000'], '&stdin=1'), ['v5.channel.k8s.io']);
  await once(socket, 'open');
  let taken = 0;
  const chunk = Buffer.alloc(64 * 1024);
  const push = () => {
    if (socket.readyState !== socket.OPEN || taken > 2000) return;
    socket.send(chunk, () => {
      taken++;
      push();
    });
  };
  push();
  let before = -1;
  const isStill = () => {
    const still = taken === before && taken > 0;
    before = taken;
    return still;
  };
  await eventually(isStill, 10_000, 200);
  t.ok(taken < 500, `${taken} of 2000 chunks of 64 KiB were taken`);
  const process = lab.process();
  socket.terminate();
  await eventually(() => process.isReleased, 20_000);
});

t.test('a board that is lost in the middle is told to its clients', async (t) => {
  const exec = dial(t, lab.path('exec') + query(['sleep', '1000']), ['v5.channel.k8s.io']);
  await once(exec.socket, 'open');
  await lab.loseBoard();
  t.equal(await exec.closed, 1000);
  t.match(JSON.parse(exec.text(3)), {
    status: 'Failure',
    reason: 'ServiceUnavailable',
    message: /broke off/,
  });
});
