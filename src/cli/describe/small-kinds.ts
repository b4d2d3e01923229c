// Descriptions of the kinds that take a few lines each, and of kinds that are not known here.
import { endpointsText } from '../../api/kinds/endpoints.ts';
import { firstSeen, lastSeen } from '../../api/kinds/event.ts';
import type {
  ConfigMap,
  core,
  Endpoints,
  Event,
  KubeObject,
  Namespace,
  Pod,
  ReplicationController,
  Secret,
} from '../../api/objects.ts';
import type { CommandContext } from '../command-context.ts';
import { formatValue } from '../format-value.ts';
import { listObjects } from '../list-pages.ts';
import { describeContainer, describeVolumes } from './container.ts';
import { describeController, describeIdentity, describeLabels, pairs, timeText } from './metadata.ts';
import type { Report } from './report.ts';

/** Running, waiting, succeeded and failed pods of a controller, as kubectl counts them. */
async function podCounts(context: CommandContext, rc: ReplicationController): Promise<string> {
  const namespace = rc.metadata.namespace;
  const pods = await listObjects<Pod>(context.connection, await context.discovery.byName('pods'), {
    ...(namespace ? { namespace } : {}),
    labelSelector: pairs(rc.spec.selector).join(','),
  });
  const owned = pods.filter((pod) =>
    pod.metadata.ownerReferences?.some((owner) => owner.uid === rc.metadata.uid),
  );
  const count = (phase: string) => owned.filter((pod) => pod.status?.phase === phase).length;
  return `${count('Running')} Running / ${count('Pending')} Waiting / ${count('Succeeded')} Succeeded / ${count('Failed')} Failed`;
}

function describeTemplate(report: Report, template: core.PodTemplateSpec | undefined): void {
  report.heading('Pod Template');
  if (!template) return;
  report.nested(() => {
    describeLabels(report, template.metadata ?? {});
    report.heading('Containers');
    for (const container of template.spec?.containers ?? []) describeContainer(report, container);
    describeVolumes(report, template.spec?.volumes);
  });
}

export async function describeReplicationController(
  report: Report,
  rc: ReplicationController,
  context: CommandContext,
): Promise<void> {
  const counts = await podCounts(context, rc);
  describeIdentity(report, rc.metadata);
  report.line('Selector', pairs(rc.spec.selector).join(','));
  describeLabels(report, rc.metadata);
  describeController(report, rc.metadata);
  report.line('Replicas', `${rc.status?.replicas ?? 0} current / ${rc.spec.replicas ?? 0} desired`);
  report.line('Pods Status', counts);
  describeTemplate(report, rc.spec.template);
}

export function describeNamespace(report: Report, namespace: Namespace): void {
  describeIdentity(report, namespace.metadata);
  describeLabels(report, namespace.metadata);
  report.line('Status', namespace.status?.phase);
}

export function describeConfigMap(report: Report, map: ConfigMap): void {
  describeIdentity(report, map.metadata);
  describeLabels(report, map.metadata);
  report.text('\nData\n====\n');
  for (const [key, value] of Object.entries(map.data ?? {})) report.text(`${key}:\n----\n${value}\n\n`);
  report.text('\nBinaryData\n====\n');
  for (const [key, value] of Object.entries(map.binaryData ?? {})) {
    report.text(`${key}: ${Buffer.byteLength(value, 'base64')} bytes\n`);
  }
}

/** Sizes only: a description is what people paste into messages. */
export function describeSecret(report: Report, secret: Secret): void {
  describeIdentity(report, secret.metadata);
  describeLabels(report, secret.metadata);
  report.line('Type', secret.type);
  report.text('\nData\n====\n');
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    report.line(key, `${Buffer.byteLength(value, 'base64')} bytes`);
  }
}

const addressList = (addresses: readonly core.EndpointAddress[] | undefined) =>
  (addresses ?? []).map((address) => address.ip).join(',');

export function describeEndpoints(report: Report, endpoints: Endpoints): void {
  describeIdentity(report, endpoints.metadata);
  describeLabels(report, endpoints.metadata);
  report.line('Endpoints', endpointsText(endpoints.subsets));
  report.heading('Subsets');
  for (const subset of endpoints.subsets ?? []) {
    report.line('Addresses', addressList(subset.addresses), 1);
    report.line('NotReadyAddresses', addressList(subset.notReadyAddresses), 1);
    const ports = (subset.ports ?? []).map(
      (port) => `${port.name ?? '<unset>'}  ${port.port}  ${port.protocol}`,
    );
    report.list('Ports', ports, 1);
  }
}

export function describeEvent(report: Report, event: Event): void {
  describeIdentity(report, event.metadata);
  describeLabels(report, event.metadata);
  report.line('Type', event.type);
  report.line('Reason', event.reason);
  report.line('Message', event.message);
  const { kind, name, namespace, fieldPath } = event.involvedObject;
  report.line(
    'Object',
    `${kind}/${name}${namespace ? ` in ${namespace}` : ''}${fieldPath ? `, ${fieldPath}` : ''}`,
  );
  report.line('Count', event.series?.count ?? event.count ?? 1);
  report.line('First Seen', timeText(firstSeen(event)));
  report.line('Last Seen', timeText(lastSeen(event)));
  report.line('Source', event.source?.component || event.reportingComponent);
}

/** Everything that the object says, as YAML below its identity. */
export async function describeAny(report: Report, object: KubeObject): Promise<void> {
  const { metadata, apiVersion, kind, ...rest } = object;
  describeIdentity(report, metadata);
  describeLabels(report, metadata);
  report.line('API Version', apiVersion);
  report.line('Kind', kind);
  report.line('Created', timeText(metadata.creationTimestamp));
  if (Object.keys(rest).length > 0) report.text(await formatValue(rest, 'yaml'));
}
