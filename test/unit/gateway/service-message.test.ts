import t from 'tap';
import type { Service } from '../../../src/api/objects.ts';
import { serviceMessage } from '../../../src/gateway/service-message.ts';

t.test(
  'boards are told of a load balancer’s addresses but for those that they must leave to it',
  async (t) => {
    const ingress = [
      { ip: '192.168.1.240' },
      { ip: '192.168.1.241', ipMode: 'VIP' },
      { ip: '192.168.1.242', ipMode: 'Proxy' },
      { hostname: 'lb.example' },
    ];
    const service: Service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
      spec: { type: 'LoadBalancer', loadBalancerClass: 'metallb.io/metallb', ports: [{ port: 80 }] },
      status: { loadBalancer: { ingress } },
    };
    t.same(serviceMessage(service).loadBalancerIPs, ['192.168.1.240', '192.168.1.241']);
  },
);
