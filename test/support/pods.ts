// Small questions that e2e tests ask about pods and containers.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { pods as podKind } from '../../src/api/kinds/pod.ts';
import type { Pod } from '../../src/api/objects.ts';
import type { HttpClient } from '../../src/client/http-client.ts';
import { eventually } from './eventually.ts';
import type { Board } from './lab.ts';
import type { Trial } from './trial.ts';

const exec = promisify(execFile);

export async function podsOf(trial: Trial, selector: string): Promise<Pod[]> {
  const list = await trial.json<{ items: Pod[] }>('get', 'pods', '-l', selector);
  return list.items;
}

/** As podsOf(), without a process for each look. */
export async function podsFrom(client: HttpClient, labelSelector: string): Promise<Pod[]> {
  return (await client.list<Pod>(podKind, { namespace: 'default', labelSelector })).items;
}

export const isReady = (pod: Pod): boolean =>
  !pod.metadata.deletionTimestamp &&
  pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;

/** Waits until exactly `count` pods match and all are ready; resolves with them. */
export function readyPods(trial: Trial, selector: string, count: number, timeoutMs = 60_000): Promise<Pod[]> {
  return eventually(
    async () => {
      const pods = await podsOf(trial, selector);
      const ready = pods.filter(isReady);
      if (pods.length === count && ready.length === count) return ready;
      throw new Error(
        `${ready.length} ready of ${pods.length}, ${count} wanted: ${JSON.stringify(pods.map(brief))}`,
      );
    },
    timeoutMs,
    200,
  );
}

function brief(pod: Pod): unknown {
  return [
    pod.metadata.name,
    pod.metadata.deletionTimestamp,
    pod.status?.phase,
    pod.status?.containerStatuses?.map((c) => c.state),
  ];
}

/** A line for each container of the pods, in a stable order: the same while nobody touches them. */
export function livesOf(pods: readonly Pod[]): string[] {
  const lives = pods.flatMap(({ metadata, status }) =>
    (status?.containerStatuses ?? []).map(({ containerID, restartCount }) =>
      [metadata.name, status?.phase, containerID, restartCount].join(' '),
    ),
  );
  return lives.sort();
}

/** podman's id of the pod's first container; empty where it has none. */
export function containerIdOf(pod: Pod | undefined): string {
  return pod?.status?.containerStatuses?.[0]?.containerID?.replace('podman://', '') ?? '';
}

/** Process id of the pod's first container, as this machine and all boards of a lab count. */
export async function pidOf(board: Board, pod: Pod | undefined): Promise<string> {
  const { stdout } = await board.run('podman', 'inspect', '--format', '{{.State.Pid}}', containerIdOf(pod));
  return stdout.trim();
}

/** podman's own list of what runs, as `id name started` lines in a stable order. */
export async function runningContainers(filter: string): Promise<string[]> {
  const format = '{{.ID}} {{.Names}} {{.StartedAt}}';
  const { stdout } = await exec('podman', ['ps', '--no-trunc', '--filter', filter, '--format', format]);
  return stdout.split('\n').filter(Boolean).sort();
}

export async function podman(...args: string[]): Promise<string> {
  const { stdout } = await exec('podman', args, { maxBuffer: 1 << 26 });
  return stdout;
}

/** GET over plain HTTP; rejects when nothing answers. */
export async function httpGet(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000), headers: { connection: 'close' } });
  return response.text();
}
