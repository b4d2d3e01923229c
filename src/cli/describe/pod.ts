// The description of a pod.
import { podStatusText } from '../../api/kinds/pod-columns.ts';
import type { core, Pod } from '../../api/objects.ts';
import { describeContainer, describeVolumes } from './container.ts';
import { describeController, describeIdentity, describeLabels, pairs, timeText } from './metadata.ts';
import type { Report } from './report.ts';

function tolerationText({ key, operator, value, effect, tolerationSeconds }: core.Toleration): string {
  const subject = `${key ?? ''}${value ? `=${value}` : ''}${effect ? `:${effect}` : ''}`;
  const how = operator === 'Exists' ? ' op=Exists' : '';
  const seconds = tolerationSeconds === undefined ? '' : ` for ${tolerationSeconds}s`;
  return `${subject}${how}${seconds}`.trim();
}

function describePlace(report: Report, pod: Pod): void {
  const { nodeName } = pod.spec;
  const { hostIP, startTime } = pod.status ?? {};
  report.line('Node', nodeName && hostIP ? `${nodeName}/${hostIP}` : nodeName);
  report.optional('Start Time', timeText(startTime));
}

function describeState(report: Report, pod: Pod): void {
  const { status, metadata } = pod;
  if (metadata.deletionTimestamp) {
    report.line('Status', `Terminating (since ${timeText(metadata.deletionTimestamp)})`);
    report.optional('Termination Grace Period', graceText(metadata.deletionGracePeriodSeconds));
  } else report.line('Status', podStatusText(pod));
  report.optional('Reason', status?.reason);
  report.optional('Message', status?.message);
  report.line('IP', status?.podIP);
  report.optional('IPs', status?.podIPs?.map(({ ip }) => ip).join(','));
}

const graceText = (seconds: number | undefined) => (seconds === undefined ? undefined : `${seconds}s`);

function describeContainers(
  report: Report,
  title: string,
  containers: readonly core.Container[] | undefined,
  statuses: readonly core.ContainerStatus[] | undefined,
): void {
  if (!containers?.length) return;
  report.heading(title);
  for (const container of containers) {
    const status = statuses?.find((candidate) => candidate.name === container.name);
    describeContainer(report, container, status);
  }
}

function describeConditions(report: Report, pod: Pod): void {
  const conditions = pod.status?.conditions ?? [];
  if (conditions.length === 0) return;
  report.heading('Conditions');
  for (const { type, status, reason } of conditions) {
    report.line(type, reason && status !== 'True' ? `${status} (${reason})` : status, 1);
  }
}

export function describePod(report: Report, pod: Pod): void {
  describeIdentity(report, pod.metadata);
  report.optional('Service Account', pod.spec.serviceAccountName);
  describePlace(report, pod);
  describeLabels(report, pod.metadata);
  describeState(report, pod);
  describeController(report, pod.metadata);
  describeContainers(report, 'Init Containers', pod.spec.initContainers, pod.status?.initContainerStatuses);
  describeContainers(report, 'Containers', pod.spec.containers, pod.status?.containerStatuses);
  describeConditions(report, pod);
  describeVolumes(report, pod.spec.volumes);
  report.line('QoS Class', pod.status?.qosClass);
  report.list('Node-Selectors', pairs(pod.spec.nodeSelector));
  report.list('Tolerations', (pod.spec.tolerations ?? []).map(tolerationText));
}
