// A pod on every board but one that answers HTTP with its board and with the address its client came from, Services
// of every kind in front of them, and a pod that only asks on the board that is left.
export const hostPort = 8888;
export const externalIP = '203.0.113.7';
export const ports = { node: 30081, taken: 30082, udp: 30053, health: 32001, balanced: 8081, local: 8082 };

/** Holds no pod of any Service. */
export const CALLER_BOARD = 'gamma';

/** `image` holds busybox with httpd. */
export function whoPods(image: string): object {
  const script = [
    'mkdir -p /www/cgi-bin',
    "echo '#!/bin/sh' > /www/cgi-bin/who",
    "echo 'echo; echo $BOARD $REMOTE_ADDR' >> /www/cgi-bin/who",
    'busybox chmod 755 /www/cgi-bin/who',
    'exec httpd -f -p 8080 -h /www',
  ].join('\n');
  const container = {
    name: 'who',
    image,
    command: ['/bin/sh', '-c', script],
    env: [{ name: 'BOARD', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
    ports: [{ name: 'http', containerPort: 8080, hostPort }],
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  };
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'NotIn', values: [CALLER_BOARD] }];
  const nodeAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'who' },
    spec: {
      selector: { matchLabels: { app: 'who' } },
      template: {
        metadata: { labels: { app: 'who' } },
        spec: { terminationGracePeriodSeconds: 1, affinity: { nodeAffinity }, containers: [container] },
      },
    },
  };
}

export function callerPod(image: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'caller', labels: { app: 'caller' } },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': CALLER_BOARD },
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'caller', image, command: ['/bin/sh', '-c', 'sleep 3600 & wait'] }],
    },
  };
}

export function services(): object[] {
  const target = { targetPort: 'http' };
  return [
    service('plain', { ports: [{ port: 80, ...target }] }),
    service('sticky', { sessionAffinity: 'ClientIP', ports: [{ port: 80, ...target }] }),
    service('near', { internalTrafficPolicy: 'Local', ports: [{ port: 80, ...target }] }),
    service('nearby', { trafficDistribution: 'PreferSameNode', ports: [{ port: 80, ...target }] }),
    service('node', { type: 'NodePort', ports: [{ port: 80, nodePort: ports.node, ...target }] }),
    service('taken', { type: 'NodePort', ports: [{ port: 80, nodePort: ports.taken, ...target }] }),
    service('outer', { externalIPs: [externalIP], ports: [{ port: 80, ...target }] }),
    service('balanced', { type: 'LoadBalancer', ports: [{ port: ports.balanced, ...target }] }),
    service('local', {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: ports.health,
      ports: [{ port: ports.local, ...target }],
    }),
    service('datagrams', {
      type: 'NodePort',
      ports: [{ port: 53, protocol: 'UDP', nodePort: ports.udp, targetPort: 5353 }],
    }),
  ];
}

const service = (name: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: 'who' }, ...spec },
});
