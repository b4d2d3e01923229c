// What Kubernetes fills into a pod spec, so that every reader finds the same fields.
// Source: pkg/apis/core/v1/defaults.go
import type { core } from '../objects.ts';

/** `rw-r--r--` */
const FILE_MODE = 0o644;

/** Defaults inside a volume's source, by the source's field. */
const VOLUME_DEFAULTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  secret: { defaultMode: FILE_MODE },
  configMap: { defaultMode: FILE_MODE },
  downwardAPI: { defaultMode: FILE_MODE },
  projected: { defaultMode: FILE_MODE },
  hostPath: { type: '' },
  iscsi: { iscsiInterface: 'default' },
  rbd: { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' },
  azureDisk: { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false },
  scaleIO: { storageMode: 'ThinProvisioned', fsType: 'xfs' },
};

function fill(target: object, defaults: Readonly<Record<string, unknown>>): void {
  const fields = target as Record<string, unknown>;
  for (const [name, value] of Object.entries(defaults)) fields[name] ??= value;
}

function fieldRefDefaults(items: readonly { fieldRef?: core.ObjectFieldSelector }[] | undefined): void {
  for (const { fieldRef } of items ?? []) if (fieldRef) fieldRef.apiVersion ||= 'v1';
}

function volumeDefaults(volume: core.Volume): void {
  const sources = Object.keys(volume).filter((field) => field !== 'name');
  if (sources.length === 0) volume.emptyDir = {};
  for (const source of sources) {
    const defaults = VOLUME_DEFAULTS[source];
    const value = (volume as unknown as Record<string, object>)[source];
    if (defaults && value) fill(value, defaults);
  }
  fieldRefDefaults(volume.downwardAPI?.items);
  for (const source of volume.projected?.sources ?? []) {
    fieldRefDefaults(source.downwardAPI?.items);
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
  }
  if (volume.ephemeral?.volumeClaimTemplate?.spec)
    volume.ephemeral.volumeClaimTemplate.spec.volumeMode ??= 'Filesystem';
}

function httpGetDefaults(action: core.HTTPGetAction | undefined): void {
  if (action) fill(action, { path: '/', scheme: 'HTTP' });
}

function probeDefaults(probe: core.Probe | undefined): void {
  if (!probe) return;
  // 0 means "not given" here, as upstream's Go types cannot tell the two apart.
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  httpGetDefaults(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= '';
}

/** The tag of an image reference; `latest` when it has neither tag nor digest. */
function imageTag(image: string): string | undefined {
  const [reference = '', digest] = image.split('@');
  const last = reference.slice(reference.lastIndexOf('/') + 1);
  const colon = last.indexOf(':');
  if (colon >= 0) return last.slice(colon + 1);
  return digest === undefined ? 'latest' : undefined;
}

/** What an image that says no policy is pulled by. */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  return imageTag(image) === 'latest' ? 'Always' : 'IfNotPresent';
}

function containerDefaults(container: core.Container): void {
  container.resources ??= {};
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? '');
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  for (const port of container.ports ?? []) port.protocol ||= 'TCP';
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom) fieldRefDefaults([valueFrom]);
    if (valueFrom?.resourceFieldRef) valueFrom.resourceFieldRef.divisor ??= '0';
  }
  probeDefaults(container.livenessProbe);
  probeDefaults(container.readinessProbe);
  probeDefaults(container.startupProbe);
  httpGetDefaults(container.lifecycle?.postStart?.httpGet);
  httpGetDefaults(container.lifecycle?.preStop?.httpGet);
}

function allContainers(spec: core.PodSpec): core.Container[] {
  const ephemeral = (spec.ephemeralContainers ?? []) as core.Container[];
  return [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...ephemeral];
}

/** For pods and for templates alike. Changes `spec`. */
export function setPodSpecDefaults(spec: core.PodSpec): void {
  // Validation refuses a pod without containers, but admission looks at it before that.
  spec.containers ??= [];
  spec.restartPolicy ||= 'Always';
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.securityContext ??= {};
  spec.schedulerName ||= 'default-scheduler';
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  for (const volume of spec.volumes ?? []) volumeDefaults(volume);
  for (const container of allContainers(spec)) containerDefaults(container);
}

function requestsFromLimits(container: core.Container): void {
  const { limits } = container.resources ?? {};
  if (!limits || !container.resources) return;
  container.resources.requests = { ...limits, ...container.resources.requests };
}

function hostPortsFromContainerPorts(container: core.Container): void {
  for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
}

/** What upstream fills in for a pod itself, but not for a template that pods are made from. */
export function setPodDefaults(spec: core.PodSpec): void {
  setPodSpecDefaults(spec);
  spec.enableServiceLinks ??= true;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    requestsFromLimits(container);
    if (spec.hostNetwork) hostPortsFromContainerPorts(container);
  }
}
