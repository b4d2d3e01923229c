import t from 'tap';
import { containerSpec } from '../../../../../src/kubelet/runtime/podman/container-spec.ts';
import { containerConfig, sandboxConfig } from '../../../../support/runtime-contract.ts';

const sandbox = sandboxConfig('10.40.0.5', { podName: 'web-1', podUid: '0123456789abcdef' });
const place = {
  owner: 'me',
  pauseId: 'p1',
  logPath: '/logs/0.log',
  logSizeBytes: 4 * 1024 * 1024,
  hostsPath: '/run/hosts',
  resolvPath: '/run/resolv.conf',
  messagePath: '/run/message',
  maySpareFromOom: false,
};

function spec(own: Parameters<typeof containerConfig>[2]) {
  return containerSpec(containerConfig(sandbox, 'redis:7', own), place);
}

t.test('a container joins the pause container and says on its labels whose it is', async (t) => {
  const made = spec({ containerName: 'main', attempt: 3 });
  const joined = { nsmode: 'container', value: 'p1' };
  t.match(made, { netns: joined, ipcns: joined, utsns: joined, name: 'web-1_contract_main_01234567_3' });
  t.match(made.labels, {
    'edge-cluster/owner': 'me',
    'edge-cluster/pod': 'contract/web-1',
    'edge-cluster/container': 'main',
    'edge-cluster/attempt': '3',
    'edge-cluster/image': 'redis:7',
  });
});

t.test('command and args replace what the image has only where given', async (t) => {
  t.match(spec({}), { entrypoint: undefined, command: undefined });
  t.match(spec({ command: ['/a'], args: ['b'] }), { entrypoint: ['/a'], command: ['b'] });
});

t.test('limits go into the cgroup, with no swap above the memory limit', async (t) => {
  t.equal(spec({}).resource_limits, undefined);
  const resources = { cpuShares: 256, cpuQuotaUs: 50_000, cpuPeriodUs: 100_000, memoryLimitBytes: 1 << 25 };
  t.match(spec({ resources }).resource_limits, {
    cpu: { shares: 256, quota: 50_000, period: 100_000 },
    memory: { limit: 1 << 25, swap: 1 << 25 },
  });
  t.notOk('memory' in (spec({ resources: { cpuShares: 2 } }).resource_limits as object));
});

t.test(
  "the image's own health check is off, in a form that podman 5 takes changes of limits to",
  async (t) => {
    t.strictSame(spec({}).healthconfig, { Test: ['NONE'], Timeout: 30e9 });
  },
);

t.test("the pod's hosts and resolver files are mounted unless the pod mounts its own", async (t) => {
  const message = {
    type: 'bind',
    source: '/run/message',
    destination: '/dev/termination-log',
    options: ['rbind', 'rprivate', 'rw'],
  };
  const resolver = {
    type: 'bind',
    source: '/run/resolv.conf',
    destination: '/etc/resolv.conf',
    options: ['rbind', 'rprivate', 'rw'],
  };
  t.match(spec({}).mounts, [{ source: '/run/hosts', destination: '/etc/hosts' }, resolver, message]);
  const own = [{ source: '/mine', destination: '/etc/hosts', readOnly: true }];
  t.strictSame(spec({ mounts: own }).mounts, [
    { type: 'bind', source: '/mine', destination: '/etc/hosts', options: ['rbind', 'rprivate', 'ro'] },
    resolver,
    message,
  ]);
});

t.test('capabilities are taken with and without their prefix', async (t) => {
  t.strictSame(spec({ capabilities: { add: ['NET_ADMIN', 'CAP_SYS_TIME'], drop: ['all'] } }).cap_add, [
    'NET_ADMIN',
    'SYS_TIME',
  ]);
  t.strictSame(spec({ capabilities: { add: [], drop: ['all'] } }).cap_drop, ['ALL']);
});

t.test('a container sees the processes that it is meant to see', async (t) => {
  t.notOk('pidns' in spec({}));
  t.same(spec({ processes: 'pod' }).pidns, { nsmode: 'container', value: 'p1' });
  t.same(spec({ processes: 'board' }).pidns, { nsmode: 'host' });
  const joining = containerConfig(sandbox, 'redis:7', { processes: { ofContainer: 'c9' } });
  t.same(containerSpec(joining, { ...place, targetPid: 77 }).pidns, {
    nsmode: 'path',
    value: '/proc/77/ns/pid',
  });
});

t.test('confinement, groups, stop signal and last words are asked of podman', async (t) => {
  const confinement = { noNewPrivileges: true, seccomp: 'unconfined', appArmor: 'mine', unmaskedProc: true };
  const made = spec({ confinement, groups: [10], stopSignal: 'SIGUSR1', oomScoreAdj: -997 });
  t.match(made, {
    no_new_privileges: true,
    seccomp_profile_path: 'unconfined',
    apparmor_profile: 'mine',
    unmask: ['ALL'],
    groups: ['10'],
    stop_signal: 10,
    oom_score_adj: 0,
  });
  t.match((made.mounts as { destination: string }[]).at(-1), {
    source: '/run/message',
    destination: '/dev/termination-log',
  });
});
