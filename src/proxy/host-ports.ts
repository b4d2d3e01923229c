// Ports of the board that pods ask for (`hostPort`), forwarded by the same listeners as Services. Pure.
// https://kubernetes.io/docs/concepts/configuration/overview/ (hostPort)
import { keyOf, type Pod } from '../api/objects.ts';
import type { Endpoint } from './endpoint-choice.ts';

export interface HostPort {
  pod: { key: string; uid: string };
  protocol: 'TCP' | 'UDP' | 'SCTP';
  /** Empty = every address of the board. */
  hostIP: string;
  port: number;
  endpoint: Endpoint;
}

/** Pods in the board's own network have their ports there already. */
export function hostPortsOf({ metadata, spec }: Pod, podIP: string): HostPort[] {
  if (spec.hostNetwork) return [];
  const pod = { key: keyOf({ metadata }), uid: metadata.uid };
  const containers = [...(spec.initContainers ?? []).filter(isSidecar), ...(spec.containers ?? [])];
  return containers.flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, hostIP = '', protocol = 'TCP', containerPort }) =>
      hostPort
        ? [
            {
              pod,
              protocol: protocol as HostPort['protocol'],
              hostIP,
              port: hostPort,
              endpoint: { ip: podIP, port: containerPort },
            },
          ]
        : [],
    ),
  );
}

export const hostPortKey = ({ pod, protocol, hostIP, port }: HostPort): string =>
  `${pod.key} ${protocol.toLowerCase()} ${hostIP}:${port}`;

const isSidecar = ({ restartPolicy }: { restartPolicy?: string }) => restartPolicy === 'Always';
