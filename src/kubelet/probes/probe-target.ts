// Where the kubelet knocks for a probe or a hook: ports by number or name, and the URL with its headers. Pure.

import { KUBERNETES_VERSION } from '../../api/kubernetes-version.ts';
import type { core } from '../../api/objects.ts';
import { urlHost } from '../../base/ip.ts';

/** @throws Error when a named port is none of the container's, or no port at all. */
export function portOf(container: Pick<core.Container, 'ports'>, port: number | string): number {
  const number = typeof port === 'number' ? port : numberOf(container, port);
  if (number > 0 && number < 65_536) return number;
  throw new Error(`invalid port number: ${number}`);
}

function numberOf(container: Pick<core.Container, 'ports'>, name: string): number {
  const named = container.ports?.find((port) => port.name === name)?.containerPort;
  if (named !== undefined) return named;
  if (/^\d+$/.test(name)) return Number(name);
  throw new Error(`couldn't find port: ${name}`);
}

/** @throws Error when its port is none. */
export function httpTarget(
  container: Pick<core.Container, 'ports'>,
  action: core.HTTPGetAction,
  podIP: string,
): { url: URL; headers: Record<string, string | string[]> } {
  const port = portOf(container, action.port as number | string);
  const host = action.host || podIP;
  const path = action.path || '/';
  const scheme = (action.scheme || 'HTTP').toLowerCase();
  const url = new URL(`${scheme}://${urlHost(host)}:${port}${path.startsWith('/') ? path : `/${path}`}`);
  return { url, headers: headersOf(action.httpHeaders ?? []) };
}

/** An empty value takes a default away, as upstream. */
function headersOf(given: readonly core.HTTPHeader[]): Record<string, string | string[]> {
  const headers = new Map<string, string[]>();
  for (const { name, value } of given) {
    const key = name.toLowerCase();
    headers.set(key, [...(headers.get(key) ?? []), value]);
  }
  const [major, minor] = KUBERNETES_VERSION.replace(/^v/, '').split('.');
  if (!headers.has('user-agent')) headers.set('user-agent', [`kube-probe/${major}.${minor}`]);
  if (!headers.has('accept')) headers.set('accept', ['*/*']);
  const kept = [...headers].filter(([, values]) => values.some((value) => value !== ''));
  return Object.fromEntries(
    kept.map(([key, values]) => [key, values.length === 1 ? (values[0] ?? '') : values]),
  );
}
