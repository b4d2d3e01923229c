// What every Runtime must do, as a suite run on the fake and on real podman: so the fake cannot drift.
import { randomBytes, randomUUID } from 'node:crypto';
import { buffer, text } from 'node:stream/consumers';
import type { Test } from 'tap';
import type { ProcessStreams } from '../../src/api/session.ts';
import {
  type ContainerConfig,
  type Runtime,
  type RuntimeContainer,
  RuntimeError,
  type SandboxConfig,
} from '../../src/kubelet/runtime/runtime.ts';
import { eventually } from './eventually.ts';

/** A runtime under test, and the hand that does what no method of the port does. */
export interface RuntimeUnderTest {
  runtime: Runtime;
  /** An image that is there, whose containers run until they are stopped and end on SIGTERM. */
  image: string;
  /** A name that can neither be found nor pulled. */
  missingImage: string;
  /** A program that is in no image. */
  missingProgram: string;
  /** Address number `n` (1, 2, …) of the pod range. */
  address(n: number): string;
  /** Makes the container's process end by SIGKILL, without telling the engine. */
  kill(container: RuntimeContainer): void | Promise<void>;
}

export type RuntimeFactory = (t: Test) => Promise<RuntimeUnderTest>;

/** Configuration of a sandbox that no other test uses. */
export function sandboxConfig(ip: string | undefined, own: Partial<SandboxConfig> = {}): SandboxConfig {
  const uid = randomUUID();
  const podName = own.podName ?? `pod-${uid.slice(0, 8)}`;
  return {
    podUid: uid,
    podKey: `contract/${podName}`,
    namespace: 'contract',
    podName,
    hostname: podName,
    shortName: podName,
    attempt: 0,
    specHash: 'sandbox-hash',
    ip,
    hostNetwork: ip === undefined,
    hostIPC: false,
    runtimeHandler: undefined,
    hostAliases: [],
    fqdn: undefined,
    sysctls: {},
    dns: undefined,
    ...own,
  };
}

export function containerConfig(
  sandbox: SandboxConfig,
  image: string,
  own: Partial<ContainerConfig> = {},
): ContainerConfig {
  const { podUid, podKey, namespace, podName } = sandbox;
  return {
    ...{ podUid, podKey, namespace, podName, image },
    containerName: 'main',
    attempt: 0,
    specHash: 'container-hash',
    command: undefined,
    args: undefined,
    env: {},
    workingDir: undefined,
    devices: [],
    mounts: [],
    resources: {},
    user: undefined,
    groups: [],
    privileged: false,
    capabilities: { add: [], drop: [] },
    readOnlyRootFilesystem: false,
    confinement: { noNewPrivileges: false, seccomp: undefined, appArmor: undefined, unmaskedProc: false },
    processes: 'own',
    hostIPC: false,
    stopSignal: undefined,
    oomScoreAdj: 1000,
    terminationMessage: { path: '/dev/termination-log', fallsBackToLog: false },
    tty: false,
    stdin: false,
    ...own,
  };
}

export function runtimeContract(
  t: Test,
  factory: RuntimeFactory,
  /** Why the tests of limits are left out. */
  noLimits: string | false = false,
): void {
  t.test('a started sandbox is listed and inspected as it was made', async (t) => {
    const { runtime, address } = await factory(t);
    const config = sandboxConfig(address(1), { attempt: 3 });
    const made = await runtime.startSandbox(config);
    t.equal(made.state, 'running');
    t.ok(made.pid);
    t.match(made, { podUid: config.podUid, podKey: config.podKey, attempt: 3, specHash: 'sandbox-hash' });
    t.equal(made.containerName, undefined);
    t.equal(made.ip, config.ip);
    t.ok(made.name.startsWith(`${config.podName}_contract_`), 'its name begins with pod and namespace');
    t.strictSame(await runtime.inspect(made.id), made);
    t.strictSame(await listed(runtime, made.id), made);
  });

  t.test('a sandbox for an OCI runtime that is not the board’s is refused by its name', async (t) => {
    const { runtime, address } = await factory(t);
    const config = sandboxConfig(address(1), { runtimeHandler: 'nothing-here' });
    await t.rejects(runtime.startSandbox(config), {
      reason: 'CreatePodSandboxError',
      message: /^no runtime for "nothing-here" is configured/,
    });
    t.same(await runtime.list(), []);
  });

  t.test('a started container is listed and inspected as it was made', async (t) => {
    const { runtime, image, address } = await factory(t);
    const config = sandboxConfig(address(1));
    const sandbox = await runtime.startSandbox(config);
    const made = await runtime.startContainer(sandbox, containerConfig(config, image, { attempt: 2 }));
    t.equal(made.state, 'running');
    t.match(made, {
      podUid: config.podUid,
      containerName: 'main',
      attempt: 2,
      image,
      specHash: 'container-hash',
    });
    t.match(made.imageId, /^sha256:[0-9a-f]{64}$/);
    t.ok(made.startedAt && made.logPath);
    t.equal(made.exitCode, undefined);
    t.strictSame(await runtime.inspect(made.id), made);
    t.strictSame(await listed(runtime, made.id), made);
  });

  t.test('a container that ends by itself is told and keeps its exit code', async (t) => {
    const { runtime, image, address, kill } = await factory(t);
    const { container } = await startPod(runtime, image, address(1));
    const looks = new Set<string | undefined>();
    const unsubscribe = runtime.onChange((id) => looks.add(id));
    await kill(container);
    await eventually(() => looks.has(container.id));
    unsubscribe();
    const seen = await runtime.inspect(container.id);
    t.match(seen, { state: 'exited', exitCode: 137, pid: undefined });
    t.ok(seen?.finishedAt);
    t.equal((await listed(runtime, container.id))?.exitCode, 137);
  });

  t.test('a dead pause container is told and seen as exited', async (t) => {
    const { runtime, image, address, kill } = await factory(t);
    const { sandbox, container } = await startPod(runtime, image, address(1));
    const looks = new Set<string | undefined>();
    runtime.onChange((id) => looks.add(id));
    await kill(sandbox);
    await eventually(() => looks.has(sandbox.id));
    t.equal((await runtime.inspect(sandbox.id))?.state, 'exited');
    t.equal((await runtime.inspect(container.id))?.state, 'running');
  });

  t.test('stopping ends the container within its grace and may be repeated', async (t) => {
    const { runtime, image, address } = await factory(t);
    const { container } = await startPod(runtime, image, address(1));
    await runtime.stopContainer(container.id, 20);
    const stopped = await runtime.inspect(container.id);
    t.equal(stopped?.state, 'exited');
    t.type(stopped?.exitCode, 'number');
    t.not(stopped?.exitCode, 137, 'it was not killed');
    await runtime.stopContainer(container.id, 20);
    await runtime.removeContainer(container.id);
    await runtime.stopContainer(container.id, 20);
  });

  t.test('removing kills what runs, and what is not there counts as removed', async (t) => {
    const { runtime, image, address } = await factory(t);
    const { container } = await startPod(runtime, image, address(1));
    await runtime.removeContainer(container.id);
    t.equal(await runtime.inspect(container.id), undefined);
    t.equal(await listed(runtime, container.id), undefined);
    await runtime.removeContainer(container.id);
  });

  t.test('removing a sandbox removes all that is joined to it, and no other pod', async (t) => {
    const { runtime, image, address } = await factory(t);
    const first = await startPod(runtime, image, address(1));
    const other = await startPod(runtime, image, address(2));
    const { podUid } = first.config;
    await runtime.startContainer(
      first.sandbox,
      containerConfig(first.config, image, { containerName: 'side' }),
    );
    await runtime.removeSandbox(podUid);
    const left = await runtime.list();
    t.strictSame(
      left.filter((container) => container.podUid === podUid),
      [],
    );
    t.equal((await runtime.inspect(other.container.id))?.state, 'running');
    await runtime.removeSandbox(podUid);
  });

  t.test('a removed sandbox frees its address', async (t) => {
    const { runtime, address } = await factory(t);
    const first = sandboxConfig(address(1));
    await runtime.startSandbox(first);
    const second = sandboxConfig(address(1));
    await t.rejects(runtime.startSandbox(second), RuntimeError);
    t.notOk((await runtime.list()).some((container) => container.podUid === second.podUid));
    await runtime.removeSandbox(first.podUid);
    t.equal((await runtime.startSandbox(second)).state, 'running');
  });

  t.test('the next attempt lives beside the one before', async (t) => {
    const { runtime, image, address, kill } = await factory(t);
    const { sandbox, container, config } = await startPod(runtime, image, address(1));
    await kill(container);
    const next = await runtime.startContainer(sandbox, containerConfig(config, image, { attempt: 1 }));
    t.equal(next.state, 'running');
    t.not(next.id, container.id);
    t.not(next.logPath, container.logPath);
    t.equal((await runtime.inspect(container.id))?.state, 'exited');
  });

  t.test('a name that is in use is refused and its holder left alone', async (t) => {
    const { runtime, image, address } = await factory(t);
    const { sandbox, container, config } = await startPod(runtime, image, address(1));
    const again = runtime.startContainer(sandbox, containerConfig(config, image));
    await refused(t, again, 'CreateContainerError');
    t.equal((await runtime.inspect(container.id))?.state, 'running');
  });

  t.test('an image that is not there is refused with a reason and leaves nothing', async (t) => {
    const { runtime, missingImage, image, address } = await factory(t);
    const { sandbox, config } = await startPod(runtime, image, address(1));
    const wrong = containerConfig(config, missingImage, { containerName: 'wrong' });
    await refused(t, runtime.startContainer(sandbox, wrong), 'CreateContainerError');
    t.equal((await namesOf(runtime, config.podUid)).includes('wrong'), false);
  });

  t.test('a program that is not there is refused with a reason and leaves nothing', async (t) => {
    const { runtime, missingProgram, image, address } = await factory(t);
    const { sandbox, config } = await startPod(runtime, image, address(1));
    const wrong = containerConfig(config, image, { containerName: 'wrong', command: [missingProgram] });
    await refused(t, runtime.startContainer(sandbox, wrong), 'RunContainerError', missingProgram);
    t.equal((await namesOf(runtime, config.podUid)).includes('wrong'), false);
  });

  t.test('no container starts in a sandbox that is dead', async (t) => {
    const { runtime, image, address, kill } = await factory(t);
    const { sandbox, config } = await startPod(runtime, image, address(1));
    await kill(sandbox);
    await eventually(async () => (await runtime.inspect(sandbox.id))?.state === 'exited');
    const late = containerConfig(config, image, { containerName: 'late' });
    await t.rejects(runtime.startContainer(sandbox, late), RuntimeError);
    t.equal((await namesOf(runtime, config.podUid)).includes('late'), false);
  });

  processContract(t, factory, noLimits);

  t.test('images are found, and what cannot be pulled says so', async (t) => {
    const { runtime, image, missingImage } = await factory(t);
    t.equal(await runtime.imageExists(image), true);
    t.equal(await runtime.imageExists(missingImage), false);
    t.equal(await runtime.imageUser(image), '', 'it runs as root');
    const first = runtime.pullImage(missingImage);
    const second = runtime.pullImage(missingImage);
    await refused(t, first, 'ErrImagePull', missingImage);
    await refused(t, second, 'ErrImagePull', missingImage);
  });

  t.test('what is unknown is undefined, not an error', async (t) => {
    const { runtime } = await factory(t);
    t.equal(await runtime.inspect('f'.repeat(64)), undefined);
    t.match(await runtime.version(), { name: String, version: /\d+\.\d+/ });
    await runtime.removeSandbox('00000000-0000-0000-0000-00000000dead');
    await runtime.removeLogs('00000000-0000-0000-0000-00000000dead');
  });
}

const plain: ProcessStreams = { stdin: false, stdout: true, stderr: true, tty: false };

function processContract(t: Test, factory: RuntimeFactory, noLimits: string | false): void {
  const inPod = async (t: Test) => {
    const under = await factory(t);
    const { container } = await startPod(under.runtime, under.image, under.address(1));
    return { ...under, container };
  };

  t.test('a process has its own outputs and exit code', async (t) => {
    const { runtime, container } = await inPod(t);
    const command = ['sh', '-c', 'echo out; echo err >&2; exit 42'];
    const process = await runtime.exec(container.id, command, plain);
    const [out, err] = await Promise.all([text(process.stdout), text(process.stderr)]);
    t.same({ out, err, code: await process.exitCode() }, { out: 'out\n', err: 'err\n', code: 42 });
    await process.release();
  });

  t.test('the end of the input is seen, and 5 MB come back as they went', async (t) => {
    const { runtime, container } = await inPod(t);
    const process = await runtime.exec(container.id, ['cat'], { ...plain, stdin: true });
    const sent = randomBytes(5 * 1024 * 1024);
    process.stdin?.end(sent);
    const [out] = await Promise.all([buffer(process.stdout), text(process.stderr)]);
    t.ok(out.equals(sent), `${out.length} bytes came back`);
    t.equal(await process.exitCode(), 0);
    await process.release();
  });

  t.test('a command is run to its end, with both outputs and its exit code', async (t) => {
    const { runtime, container, missingProgram } = await inPod(t);
    const command = ['sh', '-c', 'echo out; echo err >&2; exit 3'];
    const { exitCode, output } = await runtime.execSync(container.id, command, { timeoutMs: 30_000 });
    t.equal(exitCode, 3);
    t.same(output.trim().split('\n').sort(), ['err', 'out']);
    await refused(t, runtime.execSync(container.id, [missingProgram], {}), 'ExecError', missingProgram);
  });

  t.test('a command that takes too long is killed', async (t) => {
    const { runtime, container } = await inPod(t);
    const limit = new AbortController();
    setTimeout(() => limit.abort(), 300);
    const { signal } = limit;
    const { exitCode } = await runtime.execSync(container.id, ['sleep', '1000'], { signal });
    t.equal(exitCode, undefined);
    t.equal((await runtime.inspect(container.id))?.state, 'running');
  });

  t.test('a terminal has one output and the size that it was told', async (t) => {
    const { runtime, container } = await inPod(t);
    const streams = { stdin: true, stdout: true, stderr: false, tty: true };
    const process = await runtime.exec(container.id, ['sh', '-c', 'cat; busybox stty size'], streams);
    await process.resize({ columns: 132, rows: 43 });
    process.stdin?.end('\x04');
    t.match(await text(process.stdout), /43 132/);
    t.equal(await text(process.stderr), '');
    await process.release();
  });

  t.test('a released process has ended', async (t) => {
    const { runtime, container } = await inPod(t);
    const process = await runtime.exec(container.id, ['sleep', '1000'], { ...plain, stdin: true });
    await process.release();
    await process.release();
    t.equal(await process.exitCode(), 137);
  });

  const resized = 'a container that runs takes other limits and runs on, one that has ended takes none';
  t.test(resized, { skip: noLimits }, async (t) => {
    const { runtime, container, kill } = await inPod(t);
    await runtime.updateResources(container.id, { cpuShares: 512, memoryLimitBytes: 64 * 1024 ** 2 });
    t.match(await runtime.inspect(container.id), { state: 'running', pid: container.pid });
    await kill(container);
    await eventually(async () => (await runtime.inspect(container.id))?.state === 'exited');
    await refused(t, runtime.updateResources(container.id, { cpuShares: 256 }), 'ResizeContainerError');
  });

  t.test('a program that is not there ends as in a shell', async (t) => {
    const { runtime, container, missingProgram } = await inPod(t);
    const process = await runtime.exec(container.id, [missingProgram], plain);
    const [, said] = await Promise.all([text(process.stdout), text(process.stderr)]);
    t.ok([126, 127].includes((await process.exitCode()) ?? 0));
    t.notMatch(said, /connection reset/, 'nothing that is about the engine itself');
    await process.release();
  });

  t.test('nothing is started in, or joined to, a container that has ended', async (t) => {
    const { runtime, container, kill } = await inPod(t);
    await kill(container);
    await eventually(async () => (await runtime.inspect(container.id))?.state === 'exited');
    await refused(t, runtime.exec(container.id, ['true'], plain), 'ExecError');
    await refused(t, runtime.attach(container.id, plain), 'AttachError');
  });

  t.test('joined streams end with the container', async (t) => {
    const { runtime, container, kill } = await inPod(t);
    const joined = await runtime.attach(container.id, plain);
    const outputs = Promise.all([text(joined.stdout), text(joined.stderr)]);
    await kill(container);
    t.same(await outputs, ['', '']);
    t.equal(await joined.exitCode(), undefined);
    await joined.release();
  });
}

async function startPod(runtime: Runtime, image: string, ip: string) {
  const config = sandboxConfig(ip);
  const sandbox = await runtime.startSandbox(config);
  const container = await runtime.startContainer(sandbox, containerConfig(config, image));
  return { config, sandbox, container };
}

async function listed(runtime: Runtime, id: string): Promise<RuntimeContainer | undefined> {
  return (await runtime.list()).find((container) => container.id === id);
}

async function namesOf(runtime: Runtime, podUid: string): Promise<(string | undefined)[]> {
  const ofPod = (await runtime.list()).filter((container) => container.podUid === podUid);
  return ofPod.map((container) => container.containerName);
}

async function refused(t: Test, call: Promise<unknown>, reason: string, named = ''): Promise<void> {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!t.ok(error instanceof RuntimeError, 'it rejects with a RuntimeError')) return;
  t.equal((error as RuntimeError).reason, reason);
  t.ok((error as RuntimeError).message.includes(named), `its message names ${named || 'anything'}`);
}
