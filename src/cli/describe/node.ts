// The description of a node, with the pods on it and what they ask for.
import { nodeRoles } from '../../api/kinds/node-columns.ts';
import type { Node, Pod } from '../../api/objects.ts';
import { podLimitQuantities, podRequestQuantities } from '../../api/pod-requests.ts';
import {
  addQuantities,
  formatQuantity,
  type Quantity,
  tryParseQuantity,
  zeroQuantity,
} from '../../api/quantity.ts';
import type { CommandContext } from '../command-context.ts';
import { listObjects } from '../list-pages.ts';
import { TextTable } from '../text-table.ts';
import { describeIdentity, describeLabels, timeText } from './metadata.ts';
import type { Report } from './report.ts';

const SHOWN = ['cpu', 'memory', 'ephemeral-storage'];

function indented(rows: readonly (readonly string[])[]): string {
  return new TextTable().render(rows).replace(/^/gm, '  ').replace(/ +$/, '');
}

function describeConditions(report: Report, node: Node): void {
  const rows = (node.status?.conditions ?? []).map((condition) => [
    condition.type,
    condition.status,
    timeText(condition.lastTransitionTime) ?? '<unknown>',
    condition.reason ?? '',
    condition.message ?? '',
  ]);
  if (rows.length === 0) report.line('Conditions', undefined);
  else
    report.text(
      `Conditions:\n${indented([['Type', 'Status', 'LastTransitionTime', 'Reason', 'Message'], ...rows])}`,
    );
}

function describeAmounts(
  report: Report,
  title: string,
  amounts: Readonly<Record<string, string>> | undefined,
): void {
  report.heading(title);
  for (const [name, amount] of Object.entries(amounts ?? {})) report.line(name, amount, 1);
}

function describeSystem(report: Report, node: Node): void {
  const info = node.status?.nodeInfo;
  if (!info) return;
  report.heading('System Info');
  report.line('Machine ID', info.machineID, 1);
  report.line('System UUID', info.systemUUID, 1);
  report.line('Boot ID', info.bootID, 1);
  report.line('Kernel Version', info.kernelVersion, 1);
  report.line('OS Image', info.osImage, 1);
  report.line('Operating System', info.operatingSystem, 1);
  report.line('Architecture', info.architecture, 1);
  report.line('Container Runtime Version', info.containerRuntimeVersion, 1);
  report.line('Kubelet Version', info.kubeletVersion, 1);
}

const amountText = (quantity: Quantity | undefined) => formatQuantity(quantity ?? zeroQuantity);

function describePods(report: Report, pods: readonly Pod[]): void {
  const rows = pods.map((pod) => {
    const requests = podRequestQuantities(pod.spec);
    const limits = podLimitQuantities(pod.spec);
    const amounts = ['cpu', 'memory'].flatMap((name) => [
      amountText(requests.get(name)),
      amountText(limits.get(name)),
    ]);
    return [pod.metadata.namespace ?? '', pod.metadata.name, ...amounts];
  });
  const header = ['Namespace', 'Name', 'CPU Requests', 'CPU Limits', 'Memory Requests', 'Memory Limits'];
  report.text(
    `Non-terminated Pods: (${pods.length} in total)\n${rows.length > 0 ? indented([header, ...rows]) : ''}`,
  );
}

function total(pods: readonly Pod[], of: typeof podRequestQuantities, name: string): Quantity {
  return pods.reduce((sum, pod) => addQuantities(sum, of(pod.spec).get(name) ?? zeroQuantity), zeroQuantity);
}

/** `350m (17%)` */
function share(sum: Quantity, of: string | undefined): string {
  const whole = of === undefined ? undefined : tryParseQuantity(of);
  const percent = whole && whole.nanos > 0n ? ` (${(sum.nanos * 100n) / whole.nanos}%)` : '';
  return `${formatQuantity(sum)}${percent}`;
}

function describeAllocated(report: Report, node: Node, pods: readonly Pod[]): void {
  const allocatable = node.status?.allocatable ?? {};
  const rows = SHOWN.map((name) => [
    name,
    share(total(pods, podRequestQuantities, name), allocatable[name]),
    share(total(pods, podLimitQuantities, name), allocatable[name]),
  ]);
  report.text(`Allocated resources:\n${indented([['Resource', 'Requests', 'Limits'], ...rows])}`);
}

async function podsOn(context: CommandContext, node: Node): Promise<Pod[]> {
  const fieldSelector = `spec.nodeName=${node.metadata.name},status.phase!=Succeeded,status.phase!=Failed`;
  return listObjects<Pod>(context.connection, await context.discovery.byName('pods'), { fieldSelector });
}

export async function describeNode(report: Report, node: Node, context: CommandContext): Promise<void> {
  const pods = await podsOn(context, node);
  describeIdentity(report, node.metadata);
  report.line('Roles', nodeRoles(node).join(','));
  describeLabels(report, node.metadata);
  report.line('CreationTimestamp', timeText(node.metadata.creationTimestamp));
  report.list(
    'Taints',
    (node.spec.taints ?? []).map((t) => `${t.key}${t.value ? `=${t.value}` : ''}:${t.effect}`),
  );
  report.line('Unschedulable', node.spec.unschedulable ?? false);
  describeConditions(report, node);
  report.heading('Addresses');
  for (const { type, address } of node.status?.addresses ?? []) report.line(type, address, 1);
  describeAmounts(report, 'Capacity', node.status?.capacity);
  describeAmounts(report, 'Allocatable', node.status?.allocatable);
  describeSystem(report, node);
  report.line('PodCIDR', node.spec.podCIDR);
  report.optional('PodCIDRs', node.spec.podCIDRs?.join(','));
  describePods(report, pods);
  describeAllocated(report, node, pods);
}
