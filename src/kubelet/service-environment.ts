// The variables that Kubernetes gives every container for the Services that exist when it starts. Pure.
// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables

import { type BoardService, clusterIPsOf } from '../api/board-service.ts';
import type { core } from '../api/objects.ts';
import { urlHost } from '../base/ip.ts';

/** The Service by which a pod finds the API: given to pods of every namespace. */
const API_SERVICE = 'default/kubernetes';

/** `enableServiceLinks: false` keeps only the `kubernetes` Service. */
export function serviceVariables(
  services: readonly BoardService[],
  namespace: string,
  enableServiceLinks = true,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const service of services.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    const isOwn = enableServiceLinks && service.key.startsWith(`${namespace}/`);
    if (isOwn || service.key === API_SERVICE) Object.assign(variables, variablesOf(service));
  }
  return variables;
}

const variableName = (text: string) => text.toUpperCase().replaceAll('-', '_');

/** A headless Service gives no variables. */
function variablesOf(service: BoardService): Record<string, string> {
  const { key, spec } = service;
  const ports = spec.ports ?? [];
  const [first] = ports;
  const [clusterIP] = clusterIPsOf(service);
  if (!first || !clusterIP) return {};
  const name = variableName(key.slice(key.indexOf('/') + 1));
  const variables: Record<string, string> = {
    [`${name}_SERVICE_HOST`]: clusterIP,
    [`${name}_SERVICE_PORT`]: String(first.port),
  };
  for (const port of ports) {
    if (port.name) variables[`${name}_SERVICE_PORT_${variableName(port.name)}`] = String(port.port);
  }
  // The older, Docker-compatible form: <NAME>_PORT speaks of the first port.
  variables[`${name}_PORT`] = urlOf(clusterIP, first);
  for (const port of ports) Object.assign(variables, linkVariables(name, clusterIP, port));
  return variables;
}

function linkVariables(name: string, clusterIP: string, port: core.ServicePort): Record<string, string> {
  const prefix = `${name}_PORT_${port.port}_${protocolOf(port)}`;
  return {
    [prefix]: urlOf(clusterIP, port),
    [`${prefix}_PROTO`]: protocolOf(port).toLowerCase(),
    [`${prefix}_PORT`]: String(port.port),
    [`${prefix}_ADDR`]: clusterIP,
  };
}

function urlOf(clusterIP: string, port: core.ServicePort): string {
  return `${protocolOf(port).toLowerCase()}://${urlHost(clusterIP)}:${port.port}`;
}

const protocolOf = ({ protocol = 'TCP' }: core.ServicePort) => protocol.toUpperCase();
