// exec, attach, port-forward and logs by the real kubectl, old (SPDY) and new (WebSocket), over HTTPS and the
// board's dialled-back session, with a runtime in memory.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { renderKubeconfig } from '../../src/pki/kubeconfig.ts';
import { eventually } from '../support/eventually.ts';
import { oldKubectlPath, runKubectl, startKubectl } from '../support/kubectl.ts';
import { startStreamsLab } from '../support/streams-lab.ts';

const NEW = '/usr/bin/kubectl';
const old = await oldKubectlPath();
const clients = [
  { name: 'kubectl of Debian 12', path: old ?? '', skip: old ? false : 'apt has no kubernetes-client' },
  {
    name: "this machine's kubectl",
    path: NEW,
    skip: existsSync(NEW) ? false : `${NEW} is not on this machine`,
  },
];
const lab = await startStreamsLab();
t.teardown(() => lab.stop());
const { api } = lab;

async function homeFor(t: Test): Promise<string> {
  const home = t.testdir({});
  const authorityPem = api.authority.certificatePem;
  await writeFile(
    join(home, 'config'),
    renderKubeconfig({ server: api.url, authorityPem, client: api.admin }),
  );
  return home;
}

const sha = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

async function startHttp(t: Test): Promise<{ server: Server; port: number; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    seen.push(`${request.method} ${request.url} ${body.length}`);
    response.setHeader('connection', 'close').end(body.length > 0 ? sha(body) : `hello from ${request.url}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { server, port: (server.address() as AddressInfo).port, seen };
}

for (const { name, path, skip } of clients) {
  t.test(name, { skip }, async (t) => {
    const home = await homeFor(t);
    const kubectl = (args: string[], input?: Uint8Array | string) => runKubectl(path, home, args, input);

    t.test('exec gives both outputs and the exit code', async (t) => {
      const result = await kubectl(['exec', 'web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 42']);
      t.match(result, { code: 42, err: /err\n.*exit code 42/s });
      t.equal(result.out.toString(), 'out\n');
      t.match(await kubectl(['exec', 'web', '--', 'echo', 'fine']), { code: 0 });
    });

    t.test('5 MB of input come back as they went, and its end is told', async (t) => {
      const sent = randomBytes(5 * 1024 * 1024);
      const { code, out } = await kubectl(['exec', '-i', 'web', '--', 'cat'], sent);
      t.equal(code, 0);
      t.equal(sha(out), sha(sent));
    });

    t.test('a process that ends without reading its input keeps its exit code', async (t) => {
      const result = await kubectl(['exec', '-i', 'web', '--', 'sh', '-c', 'exit 7'], randomBytes(3_000_000));
      t.equal(result.code, 7);
    });

    t.test('refusals read as they should', async (t) => {
      t.match(await kubectl(['exec', 'web', '-c', 'none', '--', 'true']), { code: 1, err: /container none/ });
      t.match(await kubectl(['exec', 'nobody', '--', 'true']), { code: 1, err: /pods "nobody" not found/ });
    });

    t.test('a process ends when its client is killed, also while its input is stuck', async () => {
      const child = startKubectl(path, home, ['exec', '-i', 'web', '--', 'sleep', '1000']);
      child.stdin?.on('error', () => undefined);
      child.stdin?.write(randomBytes(4_000_000));
      const process = await eventually(() => {
        const last = lab.process();
        if (last.command[0] === 'sleep' && !last.isReleased) return last;
        throw new Error('it has not begun');
      });
      child.kill('SIGKILL');
      await eventually(() => process.isReleased, 20_000);
    });

    t.test('attach reads what the container writes and gives it input', async (t) => {
      const child = startKubectl(path, home, ['attach', '-i', 'web']);
      const chunks: Buffer[] = [];
      child.stdout?.on('data', (chunk) => chunks.push(chunk));
      const attachment = await eventually(() => {
        const last = lab.runtime.attachments.get(lab.containerId)?.at(-1);
        if (last && !last.isReleased) return last;
        throw new Error('it has not begun');
      });
      attachment.out.write('hello\n');
      child.stdin?.write('typed\n');
      await eventually(() => Buffer.concat(chunks).includes('hello'));
      await eventually(() => Buffer.concat(attachment.received).includes('typed'));
      attachment.out.end();
      const code = await new Promise((resolve) => child.once('close', resolve));
      t.equal(code, 0);
    });

    t.test('logs are whole', async (t) => {
      const line = Buffer.alloc(100_000, 'x');
      lab.setLog(async function* () {
        for (let i = 0; i < 30; i++) yield line;
      });
      const { code, out } = await kubectl(['logs', 'web']);
      t.match({ code, bytes: out.length }, { code: 0, bytes: 3_000_000 });
    });

    t.test('port-forward serves many connections at once, and says what cannot be reached', async (t) => {
      const { port, seen } = await startHttp(t);
      const child = startKubectl(path, home, ['port-forward', 'web', `:${port}`, ':1']);
      t.teardown(() => child.kill());
      let [out, err] = ['', ''];
      child.stdout?.on('data', (chunk) => {
        out += chunk;
      });
      child.stderr?.on('data', (chunk) => {
        err += chunk;
      });
      const local = await eventually(() => {
        const found = [...out.matchAll(/127\.0\.0\.1:(\d+) -> (\d+)/g)];
        if (found.length === 2) return new Map(found.map((m) => [Number(m[2]), m[1]]));
        throw new Error(`it does not listen yet: ${err}`);
      });
      const url = `http://127.0.0.1:${local.get(port)}`;
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, i) => (await fetch(`${url}/${i}`)).text()),
      );
      t.same(
        answers,
        answers.map((_, i) => `hello from /${i}`),
      );
      const body = randomBytes(2_000_000);
      t.equal(await (await fetch(url, { method: 'POST', body })).text(), sha(body));
      t.equal(seen.length, 21);
      await fetch(`http://127.0.0.1:${local.get(1)}`).catch(() => undefined);
      await eventually(() => /error forwarding port 1 to pod web, uid .*connection refused/.test(err));
    });

    t.test('twenty processes at once keep their own outputs', async (t) => {
      const all = Array.from({ length: 20 }, (_, i) =>
        kubectl(['exec', '-i', 'web', '--', 'cat'], `number ${i}`),
      );
      const outs = (await Promise.all(all)).map(({ out }) => out.toString());
      t.same(
        outs,
        outs.map((_, i) => `number ${i}`),
      );
    });
  });
}
