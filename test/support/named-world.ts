// Objects whose names the tests of the cluster's DNS ask for, and a pod that asks.
import type { hostPrograms } from './host-programs.ts';

type Programs = ReturnType<typeof hostPrograms>;

const waiting = ['/bin/sh', '-c', 'trap "exit 0" TERM; sleep 3600 & wait'];

export function namedWorld(image: string, programs: Programs): object[] {
  return [
    pod('client', { image, command: waiting, volumeMounts: programs.volumeMounts }, programs.volumes),
    service('web', { selector: { app: 'client' }, ports: [{ name: 'http', port: 80 }] }),
    service('db', { clusterIP: 'None', selector: { app: 'db' }, ports: [{ name: 'sql', port: 5432 }] }),
    service('outside', { type: 'ExternalName', externalName: 'www.elsewhere.test' }),
    ...handMade('some', 40),
    ...handMade('many', 100),
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: {
        serviceName: 'db',
        replicas: 2,
        podManagementPolicy: 'Parallel',
        selector: { matchLabels: { app: 'db' } },
        template: {
          metadata: { labels: { app: 'db' } },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [{ name: 'db', image, command: waiting, ports: [{ containerPort: 5432 }] }],
          },
        },
      },
    },
  ];
}

/** Writes what it finds for `web` to `told` in the folder `out` of the board. */
export function latePod(image: string, programs: Programs, out: string): object {
  const command = ['/bin/sh', '-c', '/resolvers/musl host web > /out/told; sleep 3600 & wait'];
  const volumeMounts = [...programs.volumeMounts, { name: 'out', mountPath: '/out' }];
  const volumes = [...programs.volumes, { name: 'out', hostPath: { path: out } }];
  return pod('late', { image, command, volumeMounts }, volumes);
}

/** A headless Service with that many endpoints, none of which is there. */
function handMade(name: string, endpoints: number): object[] {
  const addresses = Array.from({ length: endpoints }, (_, i) => ({ ip: `10.47.0.${i + 1}` }));
  return [
    service(name, { clusterIP: 'None', ports: [{ port: 80 }] }),
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name },
      subsets: [{ addresses, ports: [{ port: 80 }] }],
    },
  ];
}

const service = (name: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec,
});

const pod = (name: string, container: object, volumes: readonly object[]) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { app: name } },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name, ...container }], volumes },
});
