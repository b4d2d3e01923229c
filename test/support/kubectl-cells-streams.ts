// Cells of the table: what streams between a client and a container.
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { outputOf } from './kubectl.ts';
import type { CellContext, KubectlCell } from './kubectl-cell.ts';
import { pod } from './kubectl-manifests.ts';

async function makePod({ must, get }: CellContext, name = 'one'): Promise<string> {
  await must('create -f -', pod().replaceAll('"one"', JSON.stringify(name)));
  await must(`wait --for=condition=Ready pod/${name} --timeout=20s`);
  return (await get('v1', 'pods', name)).spec.nodeName;
}

const ended = (child: ReturnType<CellContext['start']>) =>
  new Promise<number | null>((resolve) => child.once('close', resolve));

export const streamCells: readonly KubectlCell[] = [
  {
    row: 'logs and logs -f',
    async run(cell) {
      const { t, must, start, namespace, kubectl } = cell;
      await makePod(cell);
      t.equal(await must('logs one'), `${namespace}/one began\nsecond line\n`);
      t.equal(await must('logs -l app=one --tail=10'), `${namespace}/one began\nsecond line\n`);
      t.match(await kubectl('logs one -c none'), { code: 1, err: /container none/ });
      const following = start('logs -f one');
      const seen = outputOf(following);
      await eventually(() => seen().endsWith('and on\n')).finally(() => following.kill());
    },
  },
  {
    row: 'exec with both outputs, input and exit code',
    async run(cell) {
      const { t, kubectl, must } = cell;
      await makePod(cell);
      const script = ['exec', 'one', '--', 'sh', '-c', 'echo out; echo err >&2; exit 42'];
      t.match(await kubectl(script), { code: 42, out: 'out\n', err: /^err\n/ });
      t.equal(await must('exec -i one -- cat', 'typed'), 'typed');
    },
  },
  {
    row: 'exec -it with a terminal, its size and its exit code',
    async run(cell) {
      const { t, terminal, board } = cell;
      const node = await makePod(cell);
      const sized = await terminal('exec -it one -- stty size', { rows: 31, columns: 97 });
      t.match(sized, { code: 0, out: /31 97/ });
      t.equal((await terminal(['exec', '-it', 'one', '--', 'sh', '-c', 'exit 3'])).code, 3);
      const { id } = board(node).container(`${cell.namespace}/one`);
      t.match(board(node).runtime.processes.get(id)?.at(-1)?.command, ['sh', '-c', 'exit 3']);
    },
  },
  {
    row: 'attach reads what is written and gives input',
    async run(cell) {
      const { t, start, board } = cell;
      const node = await makePod(cell);
      const attached = start('attach -i one');
      const seen = outputOf(attached);
      const code = ended(attached);
      const { id } = board(node).container(`${cell.namespace}/one`);
      const attachment = await eventually(() => board(node).runtime.attachments.get(id)?.at(-1) ?? false);
      if (!attachment) throw new Error('nobody attached');
      attachment.out.write('hello\n');
      attached.stdin?.write('typed\n');
      await eventually(() => seen().includes('hello\n'));
      await eventually(() => Buffer.concat(attachment.received).includes('typed\n'));
      attachment.out.end();
      t.equal(await code, 0);
    },
  },
  {
    row: 'cp of a folder in and a file out',
    async run(cell) {
      const { t, must, directory } = cell;
      await makePod(cell);
      const [here, there] = [join(directory, 'here'), join(directory, 'there')];
      await mkdir(join(here, 'sub'), { recursive: true });
      await mkdir(there);
      const bytes = randomBytes(300_000);
      await writeFile(join(here, 'sub', 'file'), bytes);
      // The fake container's files are the machine's.
      await must(`cp ${here} one:${there}`);
      t.ok((await readFile(join(there, 'here', 'sub', 'file'))).equals(bytes));
      await must(`cp one:${join(there, 'here', 'sub', 'file')} ${join(directory, 'back')}`);
      t.ok((await readFile(join(directory, 'back'))).equals(bytes));
    },
  },
  {
    row: 'port-forward to pods and Services',
    async run(cell) {
      const { t, start, must } = cell;
      const server = createServer((request, response) => response.end(`hello from ${request.url}`));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      t.teardown(() => {
        server.closeAllConnections();
        server.close();
      });
      const { port } = server.address() as AddressInfo;
      await makePod(cell);
      await must(`expose pod one --port=80 --target-port=${port}`);
      for (const target of [`pod/one :${port}`, 'service/one :80']) {
        const forwarding = start(`port-forward ${target}`);
        const seen = outputOf(forwarding);
        const local = await eventually(() => {
          const found = /127\.0\.0\.1:(\d+) ->/.exec(seen());
          if (found) return found[1];
          throw new Error(`it does not listen yet: ${seen()}`);
        });
        try {
          const answer = await fetch(`http://127.0.0.1:${local}/x`, { headers: { connection: 'close' } });
          t.equal(await answer.text(), 'hello from /x');
        } finally {
          forwarding.kill();
        }
      }
    },
  },
  {
    row: 'proxy',
    async run(cell) {
      const { t, start, namespace } = cell;
      const proxying = start('proxy --port=0');
      const seen = outputOf(proxying);
      try {
        const address = await eventually(() => {
          const found = /127\.0\.0\.1:\d+/.exec(seen());
          if (found) return found[0];
          throw new Error(`it does not listen yet: ${seen()}`);
        });
        const answer = await fetch(`http://${address}/api/v1/namespaces/${namespace}`);
        t.match(await answer.json(), { kind: 'Namespace', metadata: { name: namespace } });
      } finally {
        proxying.kill();
      }
    },
  },
  {
    row: 'debug by a copy of the pod',
    async run(cell) {
      const { t, must, get } = cell;
      await makePod(cell);
      await must('debug one --image=e.com/tools:1 --copy-to=copy --container=tools -- sleep 1');
      const { spec } = await get('v1', 'pods', 'copy');
      t.same(spec.containers.map(({ name }: { name: string }) => name).sort(), ['main', 'tools']);
    },
  },
  {
    row: 'debug of a board',
    async run({ t, must, list }) {
      await must('debug node/board-a --image=e.com/tools:1 -- sleep 1');
      const [{ spec }] = await list('v1', 'pods');
      t.match(spec, { nodeName: 'board-a', hostNetwork: true, hostPID: true });
      t.match(spec.volumes, [{ hostPath: { path: '/' } }]);
    },
  },
  {
    // 1.20 to 1.22 send a kind EphemeralContainers that Kubernetes itself took away in 1.23.
    row: 'debug by an ephemeral container',
    since: 23,
    async run(cell) {
      const { t, must, get, board } = cell;
      const node = await makePod(cell);
      await must('debug one --image=e.com/tools:1 --container=tools --target=main');
      t.match((await get('v1', 'pods', 'one')).spec.ephemeralContainers, [
        { name: 'tools', image: 'e.com/tools:1', targetContainerName: 'main' },
      ]);
      await eventually(() => board(node).container(`${cell.namespace}/one`, 'tools') !== undefined);
      t.match(await must('exec one -c tools -- echo in'), 'in\n');
    },
  },
];
