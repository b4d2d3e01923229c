import t from 'tap';
import { serviceWarnings } from '../../../../src/api/kinds/service-warnings.ts';
import type { Service } from '../../../../src/api/objects.ts';
import { makeService } from '../../../support/make-pod.ts';

const warned = (spec: Service['spec'], annotations: Record<string, string> = {}) => {
  const service = makeService('web', {
    type: 'ClusterIP',
    clusterIP: '10.48.0.9',
    sessionAffinity: 'None',
    ...spec,
  });
  return serviceWarnings({ ...service, metadata: { ...service.metadata, annotations } });
};

t.test('a plain Service is nothing to warn of', async (t) => {
  t.same(warned({ trafficDistribution: 'PreferSameZone', externalIPs: ['203.0.113.5'] }), []);
  t.same(warned({}, { 'service.kubernetes.io/topology-mode': 'Disabled' }), []);
});

t.test('who uses a name that has a successor is told which', async (t) => {
  t.same(warned({ trafficDistribution: 'PreferClose' }), [
    'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
  ]);
  const annotations = { 'service.kubernetes.io/topology-mode': 'Auto' };
  t.match(warned({}, annotations), [
    /topology-mode is stored, not acted upon; use spec\.trafficDistribution/,
  ]);
});

t.test('what has no effect is named', async (t) => {
  const outside = { externalIPs: ['203.0.113.5'], loadBalancerIP: '192.0.2.7', sessionAffinity: 'ClientIP' };
  t.same(warned({ clusterIP: 'None', ...outside }), [
    'spec.loadBalancerIP is ignored for headless services',
    'spec.externalIPs is ignored for headless services',
    'spec.SessionAffinity is ignored for headless services',
  ]);
  t.same(warned({ type: 'ExternalName', externalName: 'a.example.com', externalIPs: ['203.0.113.5'] }), [
    'spec.externalIPs is ignored when spec.type is "ExternalName"',
  ]);
  t.same(warned({ externalName: 'a.example.com' }), [
    'spec.externalName is ignored when spec.type is not "ExternalName"',
  ]);
});
