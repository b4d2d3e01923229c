// Containers within a description of a pod or a template.
import type { core } from '../../api/objects.ts';
import { pairs, timeText } from './metadata.ts';
import type { Report } from './report.ts';

function describeState(report: Report, title: string, state: core.ContainerState | undefined): void {
  const { running, terminated, waiting } = state ?? {};
  if (running) {
    report.line(title, 'Running', 2);
    report.optional('Started', timeText(running.startedAt), 3);
  } else if (terminated) {
    report.line(title, 'Terminated', 2);
    report.optional('Reason', terminated.reason, 3);
    report.optional('Message', terminated.message, 3);
    report.line('Exit Code', terminated.exitCode, 3);
    report.optional('Started', timeText(terminated.startedAt), 3);
    report.optional('Finished', timeText(terminated.finishedAt), 3);
  } else if (title === 'State') {
    report.line(title, 'Waiting', 2);
    report.optional('Reason', waiting?.reason, 3);
    report.optional('Message', waiting?.message, 3);
  }
}

function describeStatus(report: Report, status: core.ContainerStatus | undefined): void {
  if (!status) return;
  describeState(report, 'State', status.state);
  describeState(report, 'Last State', status.lastState);
  report.line('Ready', status.ready ? 'True' : 'False', 2);
  report.line('Restart Count', status.restartCount, 2);
}

function actionText(probe: core.Probe): string {
  const { exec, httpGet, tcpSocket, grpc } = probe;
  if (exec) return `exec [${(exec.command ?? []).join(' ')}]`;
  if (httpGet) {
    return `http-get ${(httpGet.scheme ?? 'HTTP').toLowerCase()}://${httpGet.host ?? ''}:${httpGet.port}${httpGet.path}`;
  }
  return tcpSocket ? `tcp-socket ${tcpSocket.host ?? ''}:${tcpSocket.port}` : `grpc <pod>:${grpc?.port}`;
}

function probeText(probe: core.Probe | undefined): string | undefined {
  if (!probe) return undefined;
  const {
    initialDelaySeconds = 0,
    timeoutSeconds,
    periodSeconds,
    successThreshold,
    failureThreshold,
  } = probe;
  const numbers = `delay=${initialDelaySeconds}s timeout=${timeoutSeconds}s period=${periodSeconds}s`;
  return `${actionText(probe)} ${numbers} #success=${successThreshold} #failure=${failureThreshold}`;
}

function sourceText(source: core.EnvVarSource): string {
  const { fieldRef, resourceFieldRef, secretKeyRef, configMapKeyRef } = source;
  if (fieldRef) return `(${fieldRef.apiVersion ?? 'v1'}:${fieldRef.fieldPath})`;
  if (resourceFieldRef) return `(${resourceFieldRef.resource})`;
  const ref = secretKeyRef ?? configMapKeyRef;
  const what = secretKeyRef ? 'secret' : 'config map';
  return `<set to the key '${ref?.key}' in ${what} '${ref?.name}'>  Optional: ${ref?.optional ?? false}`;
}

function describeEnvironment(report: Report, container: core.Container): void {
  const from = (container.envFrom ?? []).map(({ configMapRef, secretRef }) => {
    const ref = secretRef ?? configMapRef;
    return `${ref?.name}  ${secretRef ? 'Secret' : 'ConfigMap'}  Optional: ${ref?.optional ?? false}`;
  });
  if (from.length > 0) report.list('Environment Variables from', from, 2);
  const variables = container.env ?? [];
  if (variables.length === 0) {
    report.line('Environment', undefined, 2);
    return;
  }
  report.heading('Environment', 2);
  for (const { name, value, valueFrom } of variables) {
    report.line(name, valueFrom ? sourceText(valueFrom) : (value ?? ''), 3);
  }
}

function describePorts(report: Report, ports: readonly core.ContainerPort[]): void {
  const text = ports.map((port) => `${port.containerPort}/${port.protocol ?? 'TCP'}`);
  const host = ports.map((port) => `${port.hostPort ?? 0}/${port.protocol ?? 'TCP'}`);
  report.line(ports.length > 1 ? 'Ports' : 'Port', text.join(', '), 2);
  report.line(ports.length > 1 ? 'Host Ports' : 'Host Port', host.join(', '), 2);
}

function describeAmounts(
  report: Report,
  title: string,
  amounts: Readonly<Record<string, string>> | undefined,
): void {
  if (!amounts || Object.keys(amounts).length === 0) return;
  report.heading(title, 2);
  for (const [name, amount] of Object.entries(amounts)) report.line(name, amount, 3);
}

function mountText(mount: core.VolumeMount): string {
  const subPath = mount.subPath ? `,path="${mount.subPath}"` : '';
  return `${mount.mountPath} from ${mount.name} (${mount.readOnly ? 'ro' : 'rw'}${subPath})`;
}

export function describeContainer(
  report: Report,
  container: core.Container,
  status?: core.ContainerStatus,
): void {
  report.heading(container.name, 1);
  report.optional('Container ID', status?.containerID, 2);
  report.line('Image', container.image, 2);
  report.optional('Image ID', status?.imageID, 2);
  describePorts(report, container.ports ?? []);
  if (container.command) report.list('Command', container.command, 2);
  if (container.args) report.list('Args', container.args, 2);
  describeStatus(report, status);
  describeAmounts(report, 'Limits', container.resources?.limits);
  describeAmounts(report, 'Requests', container.resources?.requests);
  report.optional('Liveness', probeText(container.livenessProbe), 2);
  report.optional('Readiness', probeText(container.readinessProbe), 2);
  report.optional('Startup', probeText(container.startupProbe), 2);
  describeEnvironment(report, container);
  report.list('Mounts', (container.volumeMounts ?? []).map(mountText), 2);
}

/** Each volume with its source, as far as the source has simple fields. */
export function describeVolumes(report: Report, volumes: readonly core.Volume[] | undefined): void {
  if (!volumes?.length) {
    report.line('Volumes', undefined);
    return;
  }
  report.heading('Volumes');
  for (const { name, ...sources } of volumes) {
    report.heading(name, 1);
    for (const [type, source] of Object.entries(sources)) {
      report.line('Type', type, 2);
      const simple = Object.entries(source as object).filter(([, value]) => typeof value !== 'object');
      report.list('Source', pairs(Object.fromEntries(simple.map(([key, value]) => [key, String(value)]))), 2);
    }
  }
}
