// One look at a container as its probe says. It never outlives its timeout and never rejects: a probe that cannot
// be carried out is `unknown`.
import type { core } from '../../api/objects.ts';
import { messageOf } from '../../base/error-message.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { grpcCheck } from './grpc-check.ts';
import { httpGet } from './http-get.ts';
import type { ProbeResult } from './probe.ts';
import { httpTarget, portOf } from './probe-target.ts';
import { tcpConnect } from './tcp-connect.ts';

export interface ProbeRun {
  runtime: Pick<Runtime, 'execSync'>;
  container: core.Container;
  containerId: string;
  probe: core.Probe;
  podIP: string;
  /** Nobody waits for the result any more. */
  signal: AbortSignal;
}

export async function runProbe(run: ProbeRun): Promise<ProbeResult> {
  try {
    return run.probe.exec ? await execLook(run, run.probe.exec) : await networkLook(run);
  } catch (error) {
    return { outcome: 'unknown', output: messageOf(error) };
  }
}

function timeoutMsOf(probe: core.Probe): number {
  return (probe.timeoutSeconds ?? 1) * 1000;
}

async function execLook(
  { runtime, containerId, probe, signal }: ProbeRun,
  exec: core.ExecAction,
): Promise<ProbeResult> {
  const command = exec.command ?? [];
  const timeoutMs = timeoutMsOf(probe);
  const { exitCode, output } = await runtime.execSync(containerId, command, { timeoutMs, signal });
  if (exitCode === undefined) {
    const text = `command timed out: ${JSON.stringify(command.join(' '))} timed out after ${timeoutMs / 1000}s`;
    return { outcome: 'failure', output: text };
  }
  return { outcome: exitCode === 0 ? 'success' : 'failure', output: output.trimEnd() };
}

async function networkLook(run: ProbeRun): Promise<ProbeResult> {
  const { container, probe, podIP } = run;
  const timeoutMs = timeoutMsOf(probe);
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), run.signal]);
  if (probe.httpGet) return httpLook(httpTarget(container, probe.httpGet, podIP), signal);
  if (probe.tcpSocket) {
    const port = portOf(container, probe.tcpSocket.port as number | string);
    return answered(tcpConnect(probe.tcpSocket.host || podIP, port, signal));
  }
  if (!probe.grpc) throw new Error('missing probe handler');
  const { port, service = '' } = probe.grpc;
  return answered(grpcCheck({ host: podIP, port, service, timeoutMs, signal }));
}

async function httpLook(
  target: { url: URL; headers: Record<string, string | string[]> },
  signal: AbortSignal,
): Promise<ProbeResult> {
  try {
    const { statusCode, body } = await httpGet({ ...target, signal });
    if (statusCode >= 300 && statusCode < 400) {
      return { outcome: 'warning', output: `Probe terminated redirects, Response body: ${body}` };
    }
    if (statusCode >= 200 && statusCode < 300) return { outcome: 'success', output: body };
    return { outcome: 'failure', output: `HTTP probe failed with statuscode: ${statusCode}` };
  } catch (error) {
    return { outcome: 'failure', output: (error as Error).message };
  }
}

async function answered(call: Promise<void>): Promise<ProbeResult> {
  try {
    await call;
    return { outcome: 'success', output: '' };
  } catch (error) {
    return { outcome: 'failure', output: (error as Error).message };
  }
}
