// Which port of the pod a port of its Service stands for: `port-forward service/web 8080:80`.
// https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
import type { Pod, Service } from '../api/objects.ts';
import { objectPath } from '../client/resource-path.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';

/** Any other argument than a Service names ports of the pod itself. @throws CliError for a port it does not have */
export async function podPort(
  context: CommandContext,
  argument: string,
  pod: Pod,
  port: number,
): Promise<number> {
  const [type = '', name = ''] = argument.split('/');
  if (!argument.includes('/')) return port;
  const resource = await context.discovery.byName(type);
  if (resource.kind !== 'Service') return port;
  const path = objectPath(resource, `${context.namespace}/${name}`);
  const { spec } = await context.connection.json<Service>({ method: 'GET', path });
  const found = spec.ports?.find((own) => own.port === port);
  if (!found) throw new CliError(`service/${name} has no port ${port}: 'edgectl describe service ${name}'`);
  const target = found.targetPort ?? port;
  if (typeof target === 'number') return target;
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? []);
  const named = ports.find((own) => own.name === target)?.containerPort;
  if (named !== undefined) return named;
  throw new CliError(`pod/${pod.metadata.name} has no port named ${target}`);
}
