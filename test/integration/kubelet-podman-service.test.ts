// The client and the life of podman's service, against a stand-in that a test can steer.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { containerList } from '../../src/kubelet/runtime/podman/container-list.ts';
import { LibpodClient } from '../../src/kubelet/runtime/podman/libpod-client.ts';
import { PodmanService } from '../../src/kubelet/runtime/podman/service.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** `script` is what runs as podman. */
async function service(t: Test, script: string, onDamage?: (said: string) => Promise<boolean>) {
  const runDir = await mkdtemp(join(tmpdir(), 'edge-service-'));
  t.teardown(() => rm(runDir, { recursive: true, force: true }));
  const podmanPath = join(runDir, 'podman');
  await writeFile(podmanPath, `#!/bin/sh\n${script}\n`);
  await chmod(podmanPath, 0o755);
  const containersConfPath = join(runDir, 'containers.conf');
  const clock = new FakeClock();
  const options = { podmanPath, runDir, containersConfPath, storage: undefined, clock };
  const made = new PodmanService({ ...options, ...(onDamage ? { onDamage } : {}) });
  return { service: made, client: new LibpodClient(made), clock };
}

async function listen(t: Test, socketPath: string, answer: RequestListener): Promise<Server> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  t.teardown(() => new Promise((resolve) => server.close(resolve)));
  return server;
}

t.test('a podman that cannot start its service is reported with its own words', async (t) => {
  const { client } = await service(t, 'echo "Error: no subuid ranges" >&2; exit 125');
  const error = await client.getJson('/info').catch((reason) => reason);
  t.match(error, { reason: 'RuntimeUnavailable', message: /exit code 125.*no subuid ranges/ });
});

t.test('a service that answers is used and not started again', async (t) => {
  const { service: podman, client } = await service(t, 'exit 1');
  await listen(t, podman.socketPath, (request, response) =>
    response.end(JSON.stringify({ url: request.url })),
  );
  t.strictSame(await client.getJson('/info'), { url: '/v4.0.0/libpod/info' });
});

t.test('after a pause the service is looked at before a request is trusted to it', async (t) => {
  const { service: podman, client, clock } = await service(t, 'exit 1');
  const seen: (string | undefined)[] = [];
  await listen(t, podman.socketPath, (request, response) => {
    seen.push(request.url);
    response.end('{}');
  });
  await client.getJson('/a');
  await client.getJson('/b');
  await clock.advance(8_000);
  await client.getJson('/c');
  const api = '/v4.0.0/libpod';
  t.strictSame(seen, ['/_ping', `${api}/a`, `${api}/b`, '/_ping', `${api}/c`]);
});

t.test('a refusal keeps the words of podman, a broken connection is told as such', async (t) => {
  const { service: podman, client } = await service(t, 'exit 1');
  await listen(t, podman.socketPath, (request, response) => {
    if (request.url?.endsWith('/gone')) response.socket?.destroy();
    else if (request.url === '/_ping') response.end('OK');
    else response.writeHead(409).end(JSON.stringify({ cause: 'name in use', message: 'it is taken' }));
  });
  const refusal = await client.postJson('/containers/create', {}).catch((reason) => reason);
  t.match(refusal, { status: 409, message: 'it is taken', podmanCause: 'name in use' });
  const broken = await client.getJson('/gone').catch((reason) => reason);
  t.match(broken, { reason: 'RuntimeUnavailable', message: /does not answer/ });
});

t.test('a question that was cut off is asked again; an order to make something is not', async (t) => {
  const { service: podman, client } = await service(t, 'exit 1');
  const seen: string[] = [];
  await listen(t, podman.socketPath, (request, response) => {
    if (request.url === '/_ping') return void response.end('OK');
    const what = `${request.method} ${request.url?.split('/').at(-1)}`;
    seen.push(what);
    if (seen.filter((each) => each === what).length === 1) request.socket.destroy();
    else response.end('{}');
  });
  await client.getJson('/info');
  await client.call({ method: 'DELETE', path: '/old' });
  const refused = await client.postJson('/create', {}).catch((reason) => reason);
  t.match(refused, { reason: 'RuntimeUnavailable' });
  t.strictSame(seen, ['GET info', 'GET info', 'DELETE old', 'DELETE old', 'POST create']);
});

t.test('a list that fails for a container removed in the middle of it is asked for again', async (t) => {
  const { service: podman, client } = await service(t, 'exit 1');
  const answers = ['gone', 'gone', 'listed', 'broken'];
  await listen(t, podman.socketPath, (request, response) => {
    if (request.url === '/_ping') return void response.end('OK');
    const answer = answers.shift();
    if (answer === 'listed') return void response.end('[{"Id":"a"}]');
    const cause = answer === 'gone' ? 'no such container' : 'database is locked';
    response.writeHead(500).end(JSON.stringify({ cause, message: `container 12: ${cause}` }));
  });
  t.strictSame(await containerList(client, 'all=true'), [{ Id: 'a' }]);
  await t.rejects(containerList(client, 'all=true'), { message: /database is locked/ });
  t.strictSame(answers, [], 'any other failure is not tried again');
});

const MALFORMED = { cause: 'database disk image is malformed', message: 'database disk image is malformed' };

/** A podman whose service answers as told; what it is asked is in `asked`. */
async function damaged(t: Test, mends: boolean) {
  const state = { isDamaged: true, mends: 0, asked: [] as (string | undefined)[] };
  const made = await service(t, 'exit 1', async () => {
    state.mends++;
    state.isDamaged = !mends;
    return mends;
  });
  await listen(t, made.service.socketPath, (request, response) => {
    if (request.url === '/_ping') return void response.end('OK');
    state.asked.push(request.method);
    if (state.isDamaged) response.writeHead(500).end(JSON.stringify(MALFORMED));
    else response.end('[]');
  });
  return { ...made, state };
}

t.test('a service that comes up and cannot read its database is ended, and asked again', async (t) => {
  const { client, service: podman, state } = await damaged(t, true);
  // The one that an agent before this one has started; podman's command line.
  const words = ['-c', 'sleep 60 & wait', 'podman', 'system', 'service', `unix://${podman.socketPath}`];
  const earlier = spawn('sh', words, { stdio: 'ignore', detached: true });
  t.teardown(() => process.kill(-(earlier.pid ?? 0), 'SIGKILL'));
  const ended = once(earlier, 'exit');
  await once(earlier, 'spawn');
  t.strictSame(await client.getJson('/containers/json'), []);
  t.strictSame(await ended, [null, 'SIGKILL']);
  t.equal(state.mends, 1);
});

t.test('several answers of one damaged database put aside that one, and not the new one', async (t) => {
  const { client, service: podman, state } = await damaged(t, true);
  const { era } = podman;
  await Promise.all([client.getJson('/a'), client.getJson('/b'), client.postJson('/c', {})]);
  t.equal(await podman.mendStore(MALFORMED.message, era), true, 'the answer of the old one came late');
  t.equal(state.mends, 1);
});

t.test('a database that must stay is told, and not looked at again with each call', async (t) => {
  const { client, clock, state } = await damaged(t, false);
  for (let calls = 0; calls < 3; calls++)
    await t.rejects(client.getJson('/containers/json'), { status: 500, message: /malformed/ });
  t.equal(state.mends, 1);
  await clock.advance(60_000);
  await t.rejects(client.getJson('/containers/json'), { message: /malformed/ });
  t.equal(state.mends, 2);
});
