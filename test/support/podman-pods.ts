// Pods made straight through the runtime on real podman, for tests of what it does: each test begins without any.
import type { Test } from 'tap';
import { openLog } from '../../src/kubelet/logs/open-log.ts';
import type { ContainerConfig, RuntimeContainer, SandboxConfig } from '../../src/kubelet/runtime/runtime.ts';
import { eventually } from './eventually.ts';
import { startTestPodman } from './podman-runtime.ts';
import { containerConfig, sandboxConfig } from './runtime-contract.ts';
import { busyboxImage } from './test-image.ts';

interface Pod {
  config: SandboxConfig;
  sandbox: RuntimeContainer;
}

/** As {@link startTestPodman}, with pods that are gone after each test of the file. */
export async function podmanPods(t: Test, subnetNumber: number) {
  const started = await startTestPodman(t, subnetNumber);
  const { runtime, address } = started;

  t.afterEach(async () => {
    const uids = new Set((await runtime.list()).map((container) => container.podUid));
    await Promise.all([...uids].map((uid) => runtime.removeSandbox(uid)));
  });

  async function startPod(
    own: Partial<SandboxConfig> = {},
    ip: string | undefined = address(1),
  ): Promise<Pod> {
    const config = sandboxConfig(own.hostNetwork ? undefined : ip, own);
    return { config, sandbox: await runtime.startSandbox(config) };
  }

  function run(pod: Pod, own: Partial<ContainerConfig> = {}): Promise<RuntimeContainer> {
    return runtime.startContainer(pod.sandbox, containerConfig(pod.config, busyboxImage, own));
  }

  /** Text that a shell script printed in a container of the pod, and how it ended. */
  async function script(pod: Pod, text: string, own: Partial<ContainerConfig> = {}) {
    const container = await run(pod, { command: ['/bin/sh', '-c', text], containerName: 'script', ...own });
    const ended = await eventually(async () => {
      const seen = await runtime.inspect(container.id);
      if (seen?.state !== 'exited') throw new Error(`it is ${seen?.state}`);
      return seen;
    });
    let output = '';
    for await (const chunk of openLog({ path: ended.logPath ?? '' }, new AbortController().signal))
      output += chunk;
    await runtime.removeContainer(container.id);
    return { output, ended };
  }

  return { ...started, startPod, run, script };
}
