// podman's list and inspect answers as RuntimeContainers. Both give the same values for the same container:
// times in whole seconds, as Kubernetes writes them, and the state that the kubelet acts on.
import { timestamp } from '../../../api/objects.ts';
import type { ContainerState, RuntimeContainer } from '../runtime.ts';
import { label } from './labels.ts';

/** One entry of `GET /containers/json`, the fields that are read. */
export interface ListedContainer {
  Id: string;
  Names: string[];
  Labels: Record<string, string> | null;
  State: string;
  Pid: number;
  ExitCode: number;
  Image: string;
  ImageID: string;
  /** RFC 3339. */
  Created: string;
  /** Unix seconds; below 1 when it never started. */
  StartedAt: number;
  ExitedAt: number;
  Exited: boolean;
}

/** `GET /containers/{id}/json`, the fields that are read. */
export interface InspectedContainer {
  Id: string;
  Name: string;
  Created: string;
  Image: string;
  ImageName: string;
  State: {
    Status: string;
    Pid: number;
    ConmonPid?: number;
    ExitCode: number;
    OOMKilled: boolean;
    StartedAt: string;
    FinishedAt: string;
  };
  /** The signal is a number up to podman 4, a name from 5 on. */
  Config: { Labels: Record<string, string> | null; StopSignal?: number | string };
}

export function fromList(listed: ListedContainer): RuntimeContainer {
  return view({
    id: listed.Id,
    name: listed.Names[0] ?? '',
    labels: listed.Labels ?? {},
    status: listed.State,
    pid: listed.Pid,
    exitCode: listed.ExitCode,
    oomKilled: false,
    image: listed.Image,
    imageId: listed.ImageID,
    createdMs: Date.parse(listed.Created),
    startedMs: listed.StartedAt * 1000,
    finishedMs: listed.ExitedAt * 1000,
  });
}

export function fromInspect(inspected: InspectedContainer): RuntimeContainer {
  const { State } = inspected;
  return view({
    id: inspected.Id,
    name: inspected.Name.replace(/^\//, ''),
    labels: inspected.Config.Labels ?? {},
    status: State.Status,
    pid: State.Pid,
    exitCode: State.ExitCode,
    oomKilled: State.OOMKilled,
    image: inspected.ImageName,
    imageId: inspected.Image,
    createdMs: Date.parse(inspected.Created),
    startedMs: Date.parse(State.StartedAt),
    finishedMs: Date.parse(State.FinishedAt),
  });
}

interface Facts {
  id: string;
  name: string;
  labels: Record<string, string>;
  status: string;
  pid: number;
  exitCode: number;
  oomKilled: boolean;
  image: string;
  imageId: string;
  createdMs: number;
  startedMs: number;
  finishedMs: number;
}

function view(facts: Facts): RuntimeContainer {
  const { labels } = facts;
  const state = stateOf(facts);
  const exited = state === 'exited';
  return {
    id: facts.id,
    name: facts.name,
    podUid: labels[label.podUid] ?? '',
    podKey: labels[label.podKey] ?? '',
    containerName: labels[label.container],
    attempt: Number(labels[label.attempt] ?? 0),
    state,
    pid: state === 'running' && facts.pid > 0 ? facts.pid : undefined,
    image: labels[label.image] ?? facts.image,
    imageId: facts.imageId.startsWith('sha256:') ? facts.imageId : `sha256:${facts.imageId}`,
    specHash: labels[label.specHash] ?? '',
    createdAt: timestamp(facts.createdMs),
    startedAt: state === 'created' ? undefined : time(facts.startedMs),
    finishedAt: exited ? time(facts.finishedMs) : undefined,
    exitCode: exited ? facts.exitCode : undefined,
    oomKilled: exited && facts.oomKilled,
    message: undefined,
    ip: labels[label.ip],
    ...(labels[label.ipv6] ? { ipv6: labels[label.ipv6] } : {}),
    logPath: labels[label.logPath],
    devices: labels[label.devices]?.split(',') ?? [],
  };
}

/**
 * `stopped` is an exit whose cleanup is still under way, `stopping` still runs, `initialized` was never started.
 * After a power cut podman 4 says `created` of what ran, and podman 5 `exited` with code 0 and no time: neither knows how it
 * ended, and it counts as `created`.
 */
function stateOf({ status, finishedMs }: Facts): ContainerState {
  if (status === 'exited' && time(finishedMs) === undefined) return 'created';
  if (status === 'exited' || status === 'stopped' || status === 'removing' || status === 'dead')
    return 'exited';
  if (status === 'created' || status === 'configured' || status === 'initialized') return 'created';
  return 'running';
}

/** podman writes year 1 for "never". */
function time(ms: number): string | undefined {
  return Number.isFinite(ms) && ms > 0 ? timestamp(ms) : undefined;
}
