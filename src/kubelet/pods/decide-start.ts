// Whether one container may start now: back-off after its end, then its image, then earlier start failures.
// Pure; adds what it finds to the decision.
import { type core, splitKey } from '../../api/objects.ts';
import { imagePolicyOf } from '../config/image-policy.ts';
import { containerSpecHash } from '../config/spec-hash.ts';
import type { Decision, Waiting } from './pod-actions.ts';
import type { ImageState, PodWorld } from './pod-world.ts';
import { goDuration, restartDelay } from './restart-policy.ts';

/** For so long a failed pull shows its error; then, until the next try, that it is being backed off. */
const PULL_ERROR_SHOWN_MS = 2_000;

export function decideStart(world: PodWorld, container: core.Container, decision: Decision): void {
  const name = container.name;
  const record = world.record.containers[name];
  const delay = restartDelay(record, world.ages.sinceEndMs[name]);
  if (delay.waitMs > 0) {
    waitForRestart(world, name, delay, decision);
    return;
  }
  const failure = world.memory.startFailures.get(name);
  if (failure && failure.retryAtMs > world.monotonicMs) {
    wait(decision, name, { reason: failure.reason, message: failure.message });
    lookAgainIn(decision, failure.retryAtMs - world.monotonicMs);
    return;
  }
  const attempt = (record?.attempt ?? -1) + 1;
  if (!hasImage(world, container, attempt, decision)) return;
  wait(decision, name, { reason: 'ContainerCreating' });
  decision.actions.push({
    do: 'startContainer',
    containerName: name,
    attempt,
    backoffSteps: delay.nextSteps,
  });
}

function waitForRestart(
  world: PodWorld,
  name: string,
  delay: { waitMs: number; backoffMs: number },
  decision: Decision,
): void {
  const { namespace, name: podName } = splitKey(world.key);
  const pod = `${podName}_${namespace}(${world.uid})`;
  const attempt = world.record.containers[name]?.attempt ?? 0;
  wait(decision, name, {
    reason: 'CrashLoopBackOff',
    message: `back-off ${goDuration(delay.backoffMs)} restarting failed container=${name} pod=${pod}`,
  });
  decision.actions.push({
    do: 'tell',
    topic: `backoff/${name}`,
    detail: String(attempt),
    type: 'Warning',
    reason: 'BackOff',
    message: `Back-off restarting failed container ${name} in pod ${pod}`,
    containerName: name,
  });
  lookAgainIn(decision, delay.waitMs);
}

function hasImage(world: PodWorld, container: core.Container, attempt: number, decision: Decision): boolean {
  const image = container.image ?? '';
  const state = world.memory.images.get(container.name);
  const isCurrent = state?.image === image && state.attempt === attempt;
  if (isCurrent && state.state === 'ready') return true;
  if (isCurrent && state.state === 'pulling') {
    wait(decision, container.name, { reason: 'ContainerCreating' });
    return false;
  }
  if (isCurrent && state.state === 'failed' && (state.retryAtMs ?? 0) > world.monotonicMs) {
    waitForImage(world, container.name, state, decision);
    return false;
  }
  wait(decision, container.name, { reason: 'ContainerCreating' });
  const policy = imagePolicyOf(container);
  decision.actions.push({ do: 'ensureImage', containerName: container.name, image, attempt, policy });
  return false;
}

function waitForImage(world: PodWorld, name: string, state: ImageState, decision: Decision): void {
  const retryInMs = (state.retryAtMs ?? 0) - world.monotonicMs;
  const backoffInMs = (state.failedAtMs ?? 0) + PULL_ERROR_SHOWN_MS - world.monotonicMs;
  if (state.reason !== 'ErrImagePull' || backoffInMs > 0) {
    wait(decision, name, { reason: state.reason ?? 'ErrImagePull', message: state.message });
    lookAgainIn(decision, state.reason === 'ErrImagePull' ? Math.min(retryInMs, backoffInMs) : retryInMs);
    return;
  }
  wait(decision, name, {
    reason: 'ImagePullBackOff',
    message: `Back-off pulling image "${state.image}": ErrImagePull: ${state.message}`,
  });
  tellPullBackoff(name, state, decision);
  lookAgainIn(decision, retryInMs);
}

function tellPullBackoff(name: string, state: ImageState, decision: Decision): void {
  const detail = `${state.attempt}/${state.failures}`;
  const topic = `pull-backoff/${name}`;
  const event = { do: 'tell', containerName: name } as const;
  const message = `Back-off pulling image "${state.image}"`;
  decision.actions.push(
    { ...event, topic, detail, type: 'Normal', reason: 'BackOff', message },
    {
      ...event,
      topic: `${topic}/failed`,
      detail,
      type: 'Warning',
      reason: 'Failed',
      message: 'Error: ImagePullBackOff',
    },
  );
}

export function wait(
  decision: Decision,
  name: string,
  waiting: { reason: string; message?: string | undefined },
): void {
  const clean: Waiting = { reason: waiting.reason, ...(waiting.message ? { message: waiting.message } : {}) };
  decision.waiting.set(name, clean);
}

export function lookAgainIn(decision: Decision, delayMs: number): void {
  decision.requeueAfterMs = Math.min(decision.requeueAfterMs ?? delayMs, delayMs);
}

export function isOutdated(container: core.Container, specHash: string): boolean {
  return containerSpecHash(container) !== specHash;
}
