// The addresses behind a Service: a pure function of it and the pods of its namespace, sorted so that the same
// world always gives the same text. https://kubernetes.io/docs/concepts/services-networking/service/#endpoints
import { isDeepStrictEqual } from 'node:util';
import { familiesOf } from '../api/board-service.ts';
import { matchesSelectorMap } from '../api/label-selector.ts';
import { type core, keyOf, type Pod, type Service } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import { familyOf, type IpFamily } from '../base/ip.ts';
import { isReady } from './pod-state.ts';

/** Whether this controller fills in the Service's Endpoints; others are the user's own. */
export function ownsEndpoints(service: Service): boolean {
  return Object.keys(service.spec.selector ?? {}).length > 0 && service.spec.type !== 'ExternalName';
}

/** One pod behind a Service. */
export interface EndpointEntry {
  address: core.EndpointAddress;
  ports: core.EndpointPort[];
  /** The pod is ready, be it going or not. */
  serving: boolean;
  /** It is being deleted. */
  terminating: boolean;
}

/** The Endpoints of a Service, which have room for one family: its first. */
export function endpointSubsets(service: Service, podsInNamespace: readonly Pod[]): core.EndpointSubset[] {
  const entries = endpointEntries(service, podsInNamespace, familiesOf(service)[0]).filter(
    // None of the named ports is there; a headless Service without any port lists bare addresses.
    ({ ports }) => ports.length > 0 || !service.spec.ports?.length,
  );
  const shown = publishesAll(service)
    ? entries.map((entry) => ({ ...entry, serving: true }))
    : entries.filter(({ terminating }) => !terminating);
  return groupByPorts(shown).map(({ ports, entries: group }) => subset(ports, group));
}

/**
 * What is behind the Service, pods that are being deleted included; ended ones are not. One that has none of the ports is:
 * it has a name for all that, where the Service is headless.
 */
export function endpointEntries(
  service: Service,
  podsInNamespace: readonly Pod[],
  family: IpFamily = 'IPv4',
): EndpointEntry[] {
  const selector = service.spec.selector ?? {};
  return podsInNamespace
    .filter((pod) => matchesSelectorMap(selector, pod.metadata.labels))
    .flatMap((pod) => entryOf(service, pod, family) ?? []);
}

export const publishesAll = ({ spec }: Service): boolean => spec.publishNotReadyAddresses === true;

/** A board that does not have a family has pods without an address of it. */
function podIPOf({ status }: Pod, family: IpFamily): string | undefined {
  const all = status?.podIPs?.map(({ ip }) => ip) ?? [status?.podIP];
  return all.find((ip) => ip !== undefined && familyOf(ip) === family);
}

function entryOf(service: Service, pod: Pod, family: IpFamily): EndpointEntry | undefined {
  const podIP = podIPOf(pod, family);
  if (!podIP || isFinished(pod)) return undefined;
  const ports = (service.spec.ports ?? []).flatMap((port) => endpointPort(port, pod) ?? []);
  return {
    address: addressOf(service, pod, podIP),
    ports,
    serving: isReady(pod),
    terminating: pod.metadata.deletionTimestamp !== undefined,
  };
}

/** Most status writes change nothing that a Service could see. */
export function endpointFactsDiffer(pod: Pod, previous: Pod): boolean {
  const facts = (p: Pod) => [
    p.metadata.uid,
    p.metadata.labels,
    p.metadata.deletionTimestamp === undefined,
    p.status?.podIP,
    p.status?.podIPs,
    p.spec.nodeName,
    isReady(p),
    isFinished(p),
  ];
  return !isDeepStrictEqual(facts(pod), facts(previous));
}

function addressOf(service: Service, pod: Pod, ip: string): core.EndpointAddress {
  const { name, namespace, uid } = pod.metadata;
  const { hostname, subdomain, nodeName } = pod.spec;
  return {
    ip,
    ...(hostname && subdomain === service.metadata.name ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: 'Pod', name, uid, ...(namespace ? { namespace } : {}) },
  };
}

function endpointPort(servicePort: core.ServicePort, pod: Pod): core.EndpointPort | undefined {
  const protocol = servicePort.protocol ?? 'TCP';
  const port = targetPort(servicePort, protocol, pod);
  if (port === undefined) return undefined;
  return {
    ...(servicePort.name ? { name: servicePort.name } : {}),
    port,
    protocol,
    ...(servicePort.appProtocol ? { appProtocol: servicePort.appProtocol } : {}),
  };
}

/**
 * A named target port is looked up in the pod's containers, sidecars after the others, so pods of one Service may differ.
 * Source: pkg/api/v1/pod FindPort
 */
function targetPort(servicePort: core.ServicePort, protocol: string, pod: Pod): number | undefined {
  const target = servicePort.targetPort ?? servicePort.port;
  if (typeof target === 'number') return target || servicePort.port;
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const ports = [...(pod.spec.containers ?? []), ...sidecars].flatMap((container) => container.ports ?? []);
  return ports.find((p) => p.name === target && (p.protocol ?? 'TCP') === protocol)?.containerPort;
}

interface PortGroup {
  ports: core.EndpointPort[];
  entries: EndpointEntry[];
}

/** Addresses with the very same ports stand together; groups and ports are sorted. */
export function groupByPorts(entries: readonly EndpointEntry[]): PortGroup[] {
  const groups = new Map<string, PortGroup>();
  for (const entry of entries) {
    const ports = entry.ports.toSorted((a, b) => compare(portId(a), portId(b)));
    const id = ports.map(portId).join(',');
    const group = groups.get(id) ?? { ports, entries: [] };
    group.entries.push(entry);
    groups.set(id, group);
  }
  return [...groups].sort(([a], [b]) => compare(a, b)).map(([, group]) => group);
}

function subset(ports: core.EndpointPort[], entries: readonly EndpointEntry[]): core.EndpointSubset {
  const addresses = (ready: boolean) =>
    entries
      .filter((entry) => entry.serving === ready)
      .map(({ address }) => address)
      .sort((a, b) => compare(addressId(a), addressId(b)));
  const [ready, notReady] = [addresses(true), addresses(false)];
  return {
    ...(ready.length > 0 ? { addresses: ready } : {}),
    ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
    ...(ports.length > 0 ? { ports } : {}),
  };
}

const portId = ({ name, port, protocol }: core.EndpointPort) => `${name ?? ''}/${protocol}/${port}`;
const addressId = ({ ip, targetRef }: core.EndpointAddress) =>
  `${ip} ${keyOf({ metadata: { name: targetRef?.name ?? '', ...(targetRef?.namespace ? { namespace: targetRef.namespace } : {}) } })}`;
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
