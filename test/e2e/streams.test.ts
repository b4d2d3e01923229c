// exec, attach, port-forward and cp on real podman, with edgectl and kubectl as the hands.

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { oldKubectlPath, runKubectl, startKubectl } from '../support/kubectl.ts';
import { patient } from '../support/patience.ts';
import { podman, readyPods } from '../support/pods.ts';
import { busyboxRoot } from '../support/test-image.ts';
import { command, Program, Trial } from '../support/trial.ts';

const IMAGE = 'localhost/edge-test-streams:1';
const bin = join(import.meta.dirname, '../../src/bin');
const sha = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

async function makeImage(): Promise<void> {
  const links = ['tar', 'stty', 'test', 'sha256sum', 'rm', 'ps'];
  const root = await busyboxRoot(links.map((name) => ({ path: `bin/${name}`, linkTo: 'busybox' })));
  const child = spawn('podman', ['import', '--quiet', '--change', 'ENV PATH=/bin', '-', IMAGE], {
    stdio: 'pipe',
  });
  child.stdin.end(root);
  await new Promise<void>((resolve, reject) => {
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`podman import: ${code}`))));
  });
}

const manifest = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'main',
        image: IMAGE,
        imagePullPolicy: 'Never',
        stdin: true,
        command: [
          'sh',
          '-c',
          `mkdir /www; echo hello > /www/index.html; httpd -p 8080 -h /www; httpd -p 127.0.0.1:8081 -h /www;
           nc -ll -p 9000 -e sha256sum & while read line; do echo "got $line"; done; sleep 3600`,
        ],
      },
    ],
  },
};

t.setTimeout(patient(280_000));
t.test('streams on a board', async (t) => {
  t.setTimeout(patient(270_000));
  const trial = await Trial.create();
  t.teardown(() => trial.destroy());
  await makeImage();
  await trial.start();
  await trial.apply(manifest);
  await readyPods(trial, 'app=web', 1);
  const home = t.testdir({});
  await writeFile(join(home, 'config'), await readFile(trial.kubeconfig));
  const env = { KUBECONFIG: trial.kubeconfig, HOME: home };
  const edgectl = [process.execPath, join(bin, 'edgectl.js')];

  const clients: {
    name: string;
    run(args: string[], input?: Uint8Array): Promise<{ code: number; out: Buffer; err: string }>;
    start(args: string[]): ChildProcess;
  }[] = [
    {
      name: 'edgectl',
      run: (args, input) => runProgram(edgectl[0] ?? '', [edgectl[1] ?? '', ...args], env, input),
      start: (args) =>
        spawn(edgectl[0] ?? '', [edgectl[1] ?? '', ...args], { env: { ...process.env, ...env } }),
    },
  ];
  for (const path of [
    await oldKubectlPath(),
    existsSync('/usr/bin/kubectl') ? '/usr/bin/kubectl' : undefined,
  ]) {
    if (path)
      clients.push({
        name: path.endsWith('/usr/bin/kubectl') && path.length < 20 ? 'new kubectl' : 'old kubectl',
        run: (args, input) => runKubectl(path, home, args, input),
        start: (args) => startKubectl(path, home, args),
      });
  }

  /** What podman knows of commands in the container, those included that have ended a while ago. */
  const execIds = async (): Promise<string[]> => {
    const filters = ['--filter', 'label=edge-cluster/container=main', '--format', '{{.ID}}'];
    const id = (await podman('ps', ...filters)).trim();
    return JSON.parse(await podman('inspect', id, '--format', '{{json .ExecIDs}}')) ?? [];
  };

  await t.test('a command ends when its client is killed', async () => {
    const child = spawn(edgectl[0] ?? '', [edgectl[1] ?? '', 'exec', 'web', '--', 'sleep', '4711'], {
      env: { ...process.env, ...env },
    });
    const ps = async () => (await trial.must('exec', 'web', '--', 'ps')).includes('sleep 4711');
    await eventually(ps, 20_000, 200);
    child.kill('SIGKILL');
    await eventually(async () => !(await ps()), 20_000, 200);
  });
  const ended = new Set(await execIds());

  for (const { name, run, start } of clients) {
    await t.test(`${name}: outputs, exit code, 5 MB through and through`, async (t) => {
      const result = await run(['exec', 'web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 42']);
      t.match({ code: result.code, out: result.out.toString() }, { code: 42, out: 'out\n' });
      // Before it a busy kubectl may log that the server's empty first message came before its streams were there.
      t.match(result.err, /^err$/m);
      const sent = randomBytes(5 * 1024 * 1024);
      const echoed = await run(['exec', '-i', 'web', '--', 'cat'], sent);
      t.equal(sha(echoed.out), sha(sent));
      const summed = await run(['exec', '-i', 'web', '--', 'sha256sum'], sent);
      t.match(summed.out.toString(), sha(sent));
    });

    await t.test(`${name}: files go in and come back whole`, async (t) => {
      const dir = t.testdir({});
      const content = randomBytes(1_000_000);
      await writeFile(join(dir, 'there.bin'), content);
      const copied = await run(['cp', join(dir, 'there.bin'), 'web:/tmp/x.bin']);
      t.equal(copied.code, 0, copied.err);
      t.match((await run(['exec', 'web', '--', 'sha256sum', '/tmp/x.bin'])).out.toString(), sha(content));
      t.equal((await run(['cp', 'web:/tmp/x.bin', join(dir, 'back.bin')])).code, 0);
      t.equal(sha(await readFile(join(dir, 'back.bin'))), sha(content));
      await mkdir(join(dir, 'folder/deep'), { recursive: true });
      await writeFile(join(dir, 'folder/deep/a.txt'), 'deep');
      const whole = await run(['cp', join(dir, 'folder'), 'web:/tmp']);
      t.equal(whole.code, 0, whole.err);
      t.equal((await run(['exec', 'web', '--', 'cat', '/tmp/folder/deep/a.txt'])).out.toString(), 'deep');
      await run(['exec', 'web', '--', 'rm', '-r', '/tmp/folder', '/tmp/x.bin']);
    });

    await t.test(
      `${name}: port-forward reaches the pod's own loopback too, and tells of an end`,
      async (t) => {
        const program = new Program(start(['port-forward', 'web', ':8081', ':9000', ':9']));
        t.teardown(() => program.end());
        const local = await eventually(() => localPorts(program.output, 3), 20_000);
        const get = async () => (await fetch(`http://127.0.0.1:${local.get(8081)}/`)).text();
        t.same(new Set(await Promise.all(Array.from({ length: 10 }, get))), new Set(['hello\n']));
        const sent = randomBytes(1_000_000);
        // It answers only after the end of its input.
        t.match(await exchange(local.get(9000) ?? 0, sent), sha(sent));
        await exchange(local.get(9) ?? 0, sent).catch(() => undefined);
        await program.waitFor('connect: connection refused', 20_000);
      },
    );
  }

  // podman keeps each for ten seconds, in which other things can be tried.
  for (const id of await execIds()) ended.add(id);

  await t.test('a terminal has its size, follows changes, and keeps the exit code', async (t) => {
    // The size comes just after the process, as with every runtime: a shell hears of it by SIGWINCH.
    // stty sets rows and columns one after the other.
    const look = 'look() { size=$(stty size); echo "$size"; [ "$size" != "20 50" ] || exit 5; }';
    const inner = `${look}; sleep 1; look; trap look WINCH; while :; do sleep 1; done`;
    const line = `${edgectl.join(' ')} exec -it web -- sh -c '${inner}'`;
    const outer = `stty rows 43 cols 132; ( sleep 4; stty rows 20 cols 50 < /dev/tty ) & ${line}; echo code $?`;
    const { stdout } = await command('script', ['-qec', `sh -c ${quote(outer)}`, '/dev/null'], { env });
    t.match(stdout, /43 132\r+\n[\s\S]*20 50\r+\n[\s\S]*code 5/);
  });

  await t.test('port-forward serves twenty at once and many after each other', async (t) => {
    const child = spawn(edgectl[0] ?? '', [edgectl[1] ?? '', 'port-forward', 'web', ':8080'], {
      env: { ...process.env, ...env },
    });
    t.teardown(() => child.kill());
    const program = new Program(child);
    await program.waitFor('-> 8080', 20_000);
    const port = /:(\d+) -> 8080/.exec(program.output)?.[1];
    const get = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
    t.same(new Set(await Promise.all(Array.from({ length: 20 }, get))), new Set(['hello\n']));
    for (let i = 0; i < 10; i++) t.equal(await get(), 'hello\n');
  });

  await t.test('twenty commands at once keep their own outputs', async (t) => {
    const one = (i: number) => clients[0]!.run(['exec', '-i', 'web', '--', 'cat'], Buffer.from(`n ${i}`));
    const all = Array.from({ length: 20 }, (_, i) => one(i));
    t.same(
      (await Promise.all(all)).map(({ code, out, err }) => (code === 0 ? out.toString() : err)),
      all.map((_, i) => `n ${i}`),
    );
  });

  await t.test("attach gives input to the container's own process and reads its output", async () => {
    const child = spawn(edgectl[0] ?? '', [edgectl[1] ?? '', 'attach', '-i', 'web'], {
      env: { ...process.env, ...env },
      stdio: 'pipe',
    });
    const program = new Program(child);
    await eventually(
      () => {
        child.stdin.write('word\n');
        return program.output.includes('got word');
      },
      20_000,
      300,
    );
    t.notMatch(program.output, 'got {', 'nothing is put before what was typed');
    child.kill();
  });

  await t.test('nothing is left of commands that have ended', async (t) => {
    t.ok(ended.size > 1, 'podman kept them for a while');
    await eventually(async () => (await execIds()).every((id) => !ended.has(id)), 30_000, 500);
  });
});

async function runProgram(
  file: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  input: Uint8Array = Buffer.alloc(0),
) {
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: 'pipe' });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  const [out, err] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
  return { code: await ended, out, err: err.toString() };
}

/** Which port of this machine leads to which of the pod. */
function localPorts(output: string, count: number): Map<number, number> {
  const found = [...output.matchAll(/127\.0\.0\.1:(\d+) -> (\d+)/g)];
  if (found.length !== count) throw new Error(`it does not listen yet: ${output}`);
  return new Map(found.map(([, here, there]) => [Number(there), Number(here)]));
}

/** Says all, ends, and reads until the other side ends. */
async function exchange(port: number, sent: Uint8Array): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.end(sent);
  return text(socket);
}

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
