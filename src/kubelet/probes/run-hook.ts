// Carries out one lifecycle hook. https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
import { setTimeout as delay } from 'node:timers/promises';
import type { core } from '../../api/objects.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { httpGet } from './http-get.ts';
import { httpTarget } from './probe-target.ts';

export interface HookRun {
  runtime: Pick<Runtime, 'execSync'>;
  container: core.Container;
  containerId: string;
  handler: core.LifecycleHandler;
  podIP: string;
  /** Its time is over, or its container has gone. */
  signal: AbortSignal;
}

/** Rejects with an Error that says what went wrong. */
export async function runHook({
  runtime,
  container,
  containerId,
  handler,
  podIP,
  signal,
}: HookRun): Promise<void> {
  if (handler.exec) return execHook(runtime, containerId, handler.exec.command ?? [], signal);
  if (handler.sleep) return delay(handler.sleep.seconds * 1000, undefined, { signal });
  if (handler.httpGet) {
    // Any answer will do, as upstream.
    await httpGet({ ...httpTarget(container, handler.httpGet, podIP), signal });
    return;
  }
  throw new Error('invalid handler: a hook is one of exec, httpGet and sleep');
}

async function execHook(
  runtime: HookRun['runtime'],
  containerId: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { exitCode, output } = await runtime.execSync(containerId, command, { signal });
  const words = `command '${command.join(' ')}'`;
  if (exitCode === undefined) throw new Error(`${words} was not done in time`);
  if (exitCode !== 0) throw new Error(`${words} exited with ${exitCode}: ${output.trimEnd()}`);
}
