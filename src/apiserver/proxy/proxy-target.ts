// Which port of which pod a `proxy` path means: `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`, of a pod or of a Service
// with a ready pod behind it; refusals in upstream's words.
// https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/#manually-constructing-apiserver-proxy-urls
import { endpoints } from '../../api/kinds/endpoints.ts';
import { nodes } from '../../api/kinds/node.ts';
import { pods } from '../../api/kinds/pod.ts';
import { services } from '../../api/kinds/service.ts';
import type { core, Pod, Service } from '../../api/objects.ts';
import { badRequest, unavailable } from '../../api/status-error.ts';
import type { Registry } from '../registry/registry.ts';
import { livePod } from '../streams/pod-target.ts';

const KUBELET_PORT = '10250';

export interface ProxyTarget {
  pod: Pod;
  port: number;
  scheme: 'http' | 'https';
}

interface ProxyName {
  scheme: 'http' | 'https';
  name: string;
  /** A number or the name of a port; '' = not said. */
  port: string;
}

/** `undefined` for what has no such form. */
export function parseProxyName(text: string): ProxyName | undefined {
  const parts = text.split(':');
  const [scheme, name, port] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length > 3 || !name || !['', 'http', 'https'].includes(scheme ?? '')) return undefined;
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port: port ?? '' };
}

/** @throws StatusError NotFound, BadRequest for a name or pod that cannot be asked, ServiceUnavailable. */
export function proxyTarget(
  registry: Registry,
  plural: string,
  namespace: string,
  text: string,
): ProxyTarget {
  const named = parseProxyName(text);
  if (!named) throw badRequest(`invalid ${plural === 'pods' ? 'pod' : 'service'} request "${text}"`);
  return plural === 'pods'
    ? podTarget(registry, namespace, named)
    : serviceTarget(registry, namespace, named);
}

/** A board has one port: that of upstream's kubelet may be named. @throws StatusError NotFound, BadRequest */
export function proxiedNode(registry: Registry, text: string): string {
  const { name, port } = parseProxyName(text) ?? { name: '', port: '' };
  if (name === '' || (port !== '' && port !== KUBELET_PORT))
    throw badRequest(`invalid node request "${text}"`);
  return registry.get(nodes, name).metadata.name;
}

function podTarget(registry: Registry, namespace: string, { scheme, name, port }: ProxyName): ProxyTarget {
  const pod = livePod(registry, `${namespace}/${name}`);
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? []);
  const usual = scheme === 'https' ? 443 : 80;
  const number = port === '' ? (ports[0]?.containerPort ?? usual) : Number(port);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return { pod, port: number, scheme };
  throw badRequest(`invalid pod request: "${port}" is no port of pod ${name}`);
}

function serviceTarget(registry: Registry, namespace: string, named: ProxyName): ProxyTarget {
  const { scheme, name } = named;
  const service = registry.get(services, `${namespace}/${name}`);
  const portName = servicePortName(service, named.port);
  const found = registry.find(endpoints, `${namespace}/${name}`);
  const choices = (found?.subsets ?? []).flatMap(({ ports = [], addresses = [] }) =>
    ports
      .filter((port) => (port.name ?? '') === portName)
      .flatMap(({ port }) => addresses.flatMap((address) => podBehind(registry, namespace, address, port))),
  );
  const chosen = choices[Math.floor(Math.random() * choices.length)];
  if (!chosen) throw unavailable(`no endpoints available for service "${name}"`);
  return { ...chosen, scheme };
}

function servicePortName({ spec, metadata }: Service, port: string): string {
  if (!/^\d+$/.test(port)) return port;
  const found = spec?.ports?.find((each) => each.port === Number(port));
  if (found) return found.name ?? '';
  throw unavailable(`no service port ${port} found for service "${metadata.name}"`);
}

/** As upstream: an address that is no pod of this namespace is passed over, so nobody reaches through a Service. */
function podBehind(registry: Registry, namespace: string, { targetRef }: core.EndpointAddress, port: number) {
  if (targetRef?.kind !== 'Pod' || targetRef.namespace !== namespace) return [];
  const pod = registry.find(pods, `${namespace}/${targetRef.name}`);
  return pod?.spec.nodeName && pod.metadata.uid === targetRef.uid ? [{ pod, port }] : [];
}
