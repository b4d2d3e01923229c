import t from 'tap';
import {
  fromInspect,
  fromList,
  type InspectedContainer,
  type ListedContainer,
} from '../../../../../src/kubelet/runtime/podman/container-view.ts';

const labels = {
  'edge-cluster/pod-uid': 'u1',
  'edge-cluster/pod': 'shop/web-1',
  'edge-cluster/container': 'main',
  'edge-cluster/attempt': '2',
  'edge-cluster/spec-hash': 'h',
  'edge-cluster/image': 'redis:7',
  'edge-cluster/log-path': '/logs/2.log',
};

const listed: ListedContainer = {
  Id: 'c1',
  Names: ['web-1_shop_main_u1_2'],
  Labels: labels,
  State: 'exited',
  Pid: 0,
  ExitCode: 3,
  Image: 'docker.io/library/redis:7',
  ImageID: 'ab',
  Created: '2026-11-20T10:00:00.123456789Z',
  StartedAt: 1795168801,
  ExitedAt: 1795168805,
  Exited: true,
};

const inspected: InspectedContainer = {
  Id: 'c1',
  Name: 'web-1_shop_main_u1_2',
  Created: '2026-11-20T10:00:00.123456789Z',
  Image: 'ab',
  ImageName: 'docker.io/library/redis:7',
  State: {
    Status: 'exited',
    Pid: 0,
    ExitCode: 3,
    OOMKilled: false,
    StartedAt: '2026-11-20T10:00:01.9Z',
    FinishedAt: '2026-11-20T10:00:05.2Z',
  },
  Config: { Labels: labels },
};

t.test('list and inspect give the same container', async (t) => {
  t.strictSame(fromList(listed), fromInspect(inspected));
  t.match(fromList(listed), {
    podKey: 'shop/web-1',
    containerName: 'main',
    attempt: 2,
    image: 'redis:7',
    imageId: 'sha256:ab',
    startedAt: '2026-11-20T10:00:01Z',
    finishedAt: '2026-11-20T10:00:05Z',
    exitCode: 3,
  });
});

t.test('an exit whose cleanup is under way counts as an exit', async (t) => {
  t.match(fromList({ ...listed, State: 'stopped' }), { state: 'exited', exitCode: 3 });
});

t.test('what podman forgot in a power cut is created, with no exit code', async (t) => {
  for (const State of ['created', 'configured', 'initialized']) {
    const seen = fromList({ ...listed, State, StartedAt: -62135596800, ExitedAt: -62135596800, ExitCode: 0 });
    t.match(seen, { state: 'created', exitCode: undefined, startedAt: undefined, finishedAt: undefined });
  }
});

t.test('what podman 5 takes for a success after a power cut is an end that nobody saw', async (t) => {
  const unseen = { state: 'created', exitCode: undefined, finishedAt: undefined };
  t.match(fromList({ ...listed, ExitCode: 0, Exited: false, ExitedAt: -62135596800 }), unseen);
  const State = { ...inspected.State, ExitCode: 0, FinishedAt: '0001-01-01T00:00:00Z' };
  t.match(fromInspect({ ...inspected, State }), unseen);
});

t.test('a container that is being stopped still runs', async (t) => {
  t.match(fromList({ ...listed, State: 'stopping', Pid: 7 }), {
    state: 'running',
    pid: 7,
    exitCode: undefined,
  });
});
