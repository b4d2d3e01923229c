// A foreign Ingress controller as people install one: nginx in a pod behind a NodePort, with an IngressClass of its own.
// Its configuration is what a controller would have written for the Ingress `theirs`.
import { readFile } from 'node:fs/promises';
import { fromSuite } from './debian-packages.ts';
import { hostPrograms } from './host-programs.ts';

export const FOREIGN_NODE_PORT = 30088;
export const FOREIGN_HOST = 'theirs.test';
const NGINX = '/nginx';

const configuration = `
pid /tmp/nginx.pid;
daemon off;
events {}
http {
  access_log off;
  client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f;
  uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
  server {
    listen 8080;
    server_name ${FOREIGN_HOST};
    location / {
      proxy_pass http://web.default.svc.cluster.local;
      proxy_set_header Host $host;
    }
  }
}
`;

/** Objects for `edgectl apply`; `image` holds a shell. Rejects where nginx cannot be had. */
export async function foreignIngress(image: string): Promise<object[]> {
  const suite = /VERSION_CODENAME=(\S+)/.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  const { root, missing } = await fromSuite(suite, 'nginx');
  if (root === undefined) throw new Error(missing);
  const { volumes, volumeMounts } = hostPrograms({ [NGINX]: root });
  const labels = { app: 'nginx' };
  const script = `mkdir -p /tmp /etc && echo 'nobody:x:65534:65534::/:' > /etc/passwd &&
    echo 'nogroup:x:65534:' > /etc/group && sleep 1; exec ${NGINX}/usr/sbin/nginx -g 'user nobody nogroup;' -e /dev/stderr -c /conf/nginx.conf`;
  const container = {
    name: 'nginx',
    image,
    command: ['/bin/sh', '-c', script],
    volumeMounts: [...volumeMounts, { name: 'conf', mountPath: '/conf' }],
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  };
  const conf = { name: 'conf', configMap: { name: 'nginx' } };
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'nginx' },
      spec: { controller: 'k8s.io/ingress-nginx' },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'nginx' },
      data: { 'nginx.conf': configuration },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'nginx', labels },
      spec: { containers: [container], volumes: [...volumes, conf] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'nginx' },
      spec: {
        type: 'NodePort',
        selector: labels,
        ports: [{ port: 80, targetPort: 8080, nodePort: FOREIGN_NODE_PORT }],
      },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'theirs' },
      spec: {
        ingressClassName: 'nginx',
        rules: [
          {
            host: FOREIGN_HOST,
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: 'web', port: { number: 80 } } },
                },
              ],
            },
          },
        ],
      },
    },
  ];
}
