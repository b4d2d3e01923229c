// The ports of the board itself that a pod takes.
import type { Pod } from '../api/objects.ts';

export interface HostPort {
  hostIP: string;
  protocol: string;
  port: number;
}

export function hostPortsOf({ spec }: Pod): HostPort[] {
  const containers = [...(spec.initContainers ?? []).filter(isSidecar), ...(spec.containers ?? [])];
  return containers.flatMap(({ ports }) =>
    (ports ?? []).flatMap(({ hostPort, hostIP, protocol, containerPort }) => {
      const port = hostPort || (spec.hostNetwork ? containerPort : 0);
      return port ? [{ hostIP: hostIP || '0.0.0.0', protocol: protocol ?? 'TCP', port }] : [];
    }),
  );
}

/** Two on one board exclude each other. */
export function collide(a: HostPort, b: HostPort): boolean {
  const isAny = a.hostIP === '0.0.0.0' || b.hostIP === '0.0.0.0';
  return a.port === b.port && a.protocol === b.protocol && (isAny || a.hostIP === b.hostIP);
}

const isSidecar = ({ restartPolicy }: { restartPolicy?: string }) => restartPolicy === 'Always';
