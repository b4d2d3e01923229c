// The network of pods on real podman: what gets through while others come and go, and what is mended.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { promisify } from 'node:util';
import t from 'tap';
import { HostsFiles, podFilesFolder } from '../../src/kubelet/runtime/podman/hosts-files.ts';
import { pauseImage } from '../../src/kubelet/runtime/podman/pause-image.ts';
import { PodmanRuntime } from '../../src/kubelet/runtime/podman/podman-runtime.ts';
import { sandboxSpec } from '../../src/kubelet/runtime/podman/sandbox-spec.ts';
import type { RuntimeContainer } from '../../src/kubelet/runtime/runtime.ts';
import { eventually } from '../support/eventually.ts';
import { patient } from '../support/patience.ts';
import { podmanPods } from '../support/podman-pods.ts';
import { sandboxConfig } from '../support/runtime-contract.ts';

const exec = promisify(execFile);

t.setTimeout(patient(120_000));
const { runtime, options, client, address, startPod, run, script } = await podmanPods(t, 2);

t.test('what leaves a pod gets through while other pods come and go', async (t) => {
  const arrivals: number[] = [];
  const server = createServer((socket) => {
    arrivals.push(performance.now());
    socket.end();
  });
  server.listen(0, '0.0.0.0');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const pod = await startPod();
  const { port } = server.address() as AddressInfo;
  const text = `while :; do busybox nc -w 1 ${address(0)} ${port} < /dev/null; sleep 0.1; done`;
  await run(pod, { command: ['/bin/sh', '-c', text] });
  await eventually(() => arrivals.length > 3);
  for (let round = 2; round < 10; round++) {
    const other = await startPod({}, address(round));
    await runtime.removeSandbox(other.config.podUid);
  }
  const seen = arrivals.length;
  await eventually(() => arrivals.length > seen + 3, 5_000);
  const gapsMs = arrivals.slice(1).map((atMs, index) => Math.round(atMs - (arrivals[index] ?? 0)));
  t.ok(
    Math.max(...gapsMs) < 2_000,
    `${arrivals.length} connections, ${Math.max(...gapsMs)} ms apart at most`,
  );
});

t.test('pods whose bridge somebody removed are on the network again when it is mended', async (t) => {
  const pod = await startPod();
  await exec('ip', ['link', 'delete', options.network.bridge]);
  await runtime.prepareNetwork();
  const { output } = await script(pod, `busybox ping -c 1 -W 2 ${address(0)}`);
  t.match(output, '1 packets received');
});

t.test('a pod whose network was never finished is made anew, not used', async (t) => {
  const pod = await startPod();
  const inPod = `--net=/proc/${pod.sandbox.pid}/ns/net`;
  await exec('nsenter', [inPod, 'ip', 'route', 'delete', 'default']);
  await t.rejects(run(pod), /has no network/);
  t.equal((await runtime.inspect(pod.sandbox.id))?.state, 'exited');
});

t.test('a network whose range changed is made anew, but not under running pods', async (t) => {
  const network = { ...options.network, podRange: () => '10.251.252.0/24' };
  const moved = new PodmanRuntime({ ...options, network });
  await moved.start();
  t.teardown(() => moved.stop());
  const old = await startPod();
  const config = sandboxConfig('10.251.252.5');
  await t.rejects(moved.startSandbox(config), /10\.251\.2\.1\/24 instead of 10\.251\.252\.1\/24/);
  t.equal((await runtime.inspect(old.sandbox.id))?.state, 'running');
  await runtime.removeSandbox(old.config.podUid);
  t.equal((await moved.startSandbox(config)).state, 'running');
});

t.test('a bridge that another version left is used, and goes with the agent', async (t) => {
  const { bridge } = options.network;
  const network = {
    bridge: `${bridge}b`,
    podRange: () => '10.251.253.0/24',
  };
  await exec('ip', ['link', 'add', network.bridge, 'type', 'bridge']);
  await exec('ip', ['address', 'add', '10.251.253.1/24', 'dev', network.bridge]);
  const other = new PodmanRuntime({ ...options, network, removeOnStop: true });
  await other.start();
  const config = sandboxConfig('10.251.253.5');
  t.equal((await other.startSandbox(config)).state, 'running');
  await runtime.removeSandbox(config.podUid);
  await other.stop();
  t.notMatch((await exec('ip', ['link', 'show'])).stdout, network.bridge);
});

t.test(
  'pods of an agent that let podman make the network go on beside new ones, and the network goes after them',
  async (t) => {
    const { bridge } = options.network;
    await exec('ip', ['link', 'delete', bridge]);
    await client.postJson('/networks/create', {
      name: 'edge',
      driver: 'bridge',
      network_interface: bridge,
      subnets: [{ subnet: '10.251.2.0/24', gateway: address(0) }],
      dns_enabled: false,
    });
    const former = sandboxConfig(address(8), { podName: 'former' });
    const { Id } = await client.postJson<{ Id: string }>('/containers/create', {
      ...sandboxSpec(former, { owner: options.owner, pauseImage, maySpareFromOom: false }),
      netns: { nsmode: 'bridge' },
      Networks: { edge: { static_ips: [address(8)], interface_name: 'eth0' } },
    });
    await client.call({ method: 'POST', path: `/containers/${Id}/start` });

    const upgraded = new PodmanRuntime(options);
    await upgraded.start();
    t.teardown(() => upgraded.stop());
    await upgraded.prepareNetwork();
    const sandbox = await upgraded.inspect(Id);
    t.match(sandbox, { state: 'running', ip: address(8) });
    const pod = await startPod();
    const toFormer = await script(pod, `busybox ping -c 1 -W 2 ${address(8)}`);
    t.match(toFormer.output, '1 packets received');
    // An earlier agent had written it.
    await new HostsFiles(podFilesFolder(options.runDir)).write(former);
    const fromFormer = await script(
      { config: former, sandbox: sandbox as RuntimeContainer },
      `busybox ping -c 1 -W 2 ${address(1)} && busybox ping -c 1 -W 2 ${address(0)}`,
    );
    t.equal(fromFormer.output.match(/1 packets received/g)?.length, 2, fromFormer.output);

    await runtime.removeSandbox(pod.config.podUid);
    await runtime.removeSandbox(former.podUid);
    const again = new PodmanRuntime(options);
    await again.start();
    t.teardown(() => again.stop());
    await t.rejects(client.getJson('/networks/edge/json'), { status: 404 } as never);
    t.equal((await startPod()).sandbox.state, 'running', 'on a bridge made anew');
  },
);
