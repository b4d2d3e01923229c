import t from 'tap';
import { podColumns } from '../../../../src/api/kinds/pod-columns.ts';
import type { core, Pod } from '../../../../src/api/objects.ts';

const now = Date.parse('2026-01-01T01:00:00Z');

interface Parts {
  containers?: number;
  init?: core.Container[];
  status?: core.PodStatus;
  deleted?: boolean;
}

function shown({ containers = 1, init = [], status = {}, deleted }: Parts): string {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'p',
      uid: '',
      resourceVersion: '',
      creationTimestamp: '2026-01-01T00:30:00Z',
      ...(deleted ? { deletionTimestamp: '2026-01-01T00:59:00Z' } : {}),
    },
    spec: {
      containers: Array.from({ length: containers }, (_, i) => ({ name: `c${i}` })),
      initContainers: init,
    },
    status,
  };
  return podColumns
    .filter((column) => column.priority === 0)
    .map((column) => String(column.value(pod, now)))
    .join(' | ');
}

const container = (
  state: core.ContainerState,
  more: Partial<core.ContainerStatus> = {},
): core.ContainerStatus => ({
  name: 'c0',
  image: '',
  imageID: '',
  ready: false,
  restartCount: 0,
  state,
  ...more,
});
const running = container({ running: {} }, { ready: true });
const ended = (exitCode: number, reason?: string) =>
  container({ terminated: { exitCode, ...(reason ? { reason } : {}) } });
const waiting = (reason: string) => container({ waiting: { reason } });
const phase = (phase: string, ...containerStatuses: core.ContainerStatus[]) => ({ phase, containerStatuses });

t.test('the line of a pod says what upstream says', async (t) => {
  const cases: [string, Parts, string][] = [
    ['pending', { status: { phase: 'Pending' } }, 'p | 0/1 | Pending | 0 | 30m'],
    [
      'creating',
      { status: phase('Pending', waiting('ContainerCreating')) },
      'p | 0/1 | ContainerCreating | 0 | 30m',
    ],
    ['running', { status: phase('Running', running) }, 'p | 1/1 | Running | 0 | 30m'],
    [
      'half ready',
      { containers: 2, status: phase('Running', running, container({ running: {} })) },
      'p | 1/2 | Running | 0 | 30m',
    ],
    [
      'crashing',
      {
        status: phase('Running', {
          ...waiting('CrashLoopBackOff'),
          restartCount: 3,
          lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:55:00Z' } },
        }),
      },
      'p | 0/1 | CrashLoopBackOff | 3 (5m ago) | 30m',
    ],
    ['completed', { status: phase('Succeeded', ended(0, 'Completed')) }, 'p | 0/1 | Completed | 0 | 30m'],
    ['failed', { status: phase('Failed', ended(1, 'Error')) }, 'p | 0/1 | Error | 0 | 30m'],
    ['failed without a word', { status: phase('Failed', ended(137)) }, 'p | 0/1 | ExitCode:137 | 0 | 30m'],
    ['evicted', { status: { phase: 'Failed', reason: 'Evicted' } }, 'p | 0/1 | Evicted | 0 | 30m'],
    ['terminating', { deleted: true, status: phase('Running', running) }, 'p | 1/1 | Terminating | 0 | 30m'],
    [
      'lost',
      { deleted: true, status: { phase: 'Running', reason: 'NodeLost' } },
      'p | 0/1 | Unknown | 0 | 30m',
    ],
    [
      'ended and deleted',
      { deleted: true, status: phase('Succeeded', ended(0, 'Completed')) },
      'p | 0/1 | Completed | 0 | 30m',
    ],
    [
      'one done and one running',
      {
        containers: 2,
        status: {
          ...phase('Running', ended(0, 'Completed'), running),
          conditions: [{ type: 'Ready', status: 'True' }],
        },
      },
      'p | 1/2 | Running | 0 | 30m',
    ],
  ];
  for (const [what, parts, line] of cases) t.equal(shown(parts), line, what);
});

t.test('while it is being initialised the line says how far', async (t) => {
  const init = [{ name: 'i0' }, { name: 'i1' }];
  const at = (...initContainerStatuses: core.ContainerStatus[]) =>
    shown({
      init,
      status: { phase: 'Pending', initContainerStatuses, containerStatuses: [waiting('PodInitializing')] },
    });
  t.match(at(container({ running: {} }, { name: 'i0' })), 'Init:0/2');
  t.match(at({ ...ended(0), name: 'i0' }, { ...waiting('PodInitializing'), name: 'i1' }), 'Init:1/2');
  t.match(at({ ...ended(2), name: 'i0' }), 'Init:ExitCode:2');
  t.match(at({ ...ended(2, 'Error'), name: 'i0' }), 'Init:Error');
  t.match(at({ ...waiting('ErrImagePull'), name: 'i0' }), 'Init:ErrImagePull');
  t.match(at({ ...ended(0), name: 'i0' }, { ...ended(0), name: 'i1' }), 'PodInitializing');
});

t.test('a sidecar counts as a container', async (t) => {
  const init = [{ name: 'i0', restartPolicy: 'Always' }];
  const initContainerStatuses = [container({ running: {} }, { name: 'i0', started: true, ready: true })];
  const status = { phase: 'Running', initContainerStatuses, containerStatuses: [running] };
  t.equal(shown({ init, status }), 'p | 2/2 | Running | 0 | 30m');
});
