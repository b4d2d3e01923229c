// Which OCI runtime a pod may ask for by its RuntimeClass: the one that its board has. Upstream's runtimes say it so too.
// https://kubernetes.io/docs/concepts/containers/runtime-class/
import { RuntimeError, type SandboxConfig } from './runtime.ts';

/** @throws RuntimeError CreatePodSandboxError */
export function refuseOtherHandler({ runtimeHandler }: SandboxConfig, own: string): void {
  if (runtimeHandler === undefined || runtimeHandler === own) return;
  const why = `no runtime for "${runtimeHandler}" is configured: this board has "${own}"`;
  throw new RuntimeError('CreatePodSandboxError', why);
}
