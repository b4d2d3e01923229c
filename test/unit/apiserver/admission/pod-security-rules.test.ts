// The Pod Security Standards, rule by rule: one broken at a time, and none in a pod that keeps them all.
import t from 'tap';
import type { core } from '../../../../src/api/objects.ts';
import { violations } from '../../../../src/apiserver/admission/pod-security-rules.ts';

const kept: core.PodSpec = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'c',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
};

const withContainer = (securityContext: core.SecurityContext): core.PodSpec => ({
  ...kept,
  containers: [
    { name: 'c', securityContext: { ...kept.containers[0]!.securityContext, ...securityContext } },
  ],
});

const baseline: [string, core.PodSpec][] = [
  ['host namespaces (hostNetwork=true, hostIPC=true)', { ...kept, hostNetwork: true, hostIPC: true }],
  [
    'privileged (container "c" must not set securityContext.privileged=true)',
    withContainer({ privileged: true }),
  ],
  [
    'non-default capabilities (container "c" must not include "NET_ADMIN" in securityContext.capabilities.add)',
    withContainer({ capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'CHOWN'] } }),
  ],
  ['hostPath volumes (volume "v")', { ...kept, volumes: [{ name: 'v', hostPath: { path: '/' } }] }],
  [
    'hostPort (container "c" uses hostPort 80)',
    { ...kept, containers: [{ ...kept.containers[0]!, ports: [{ containerPort: 80, hostPort: 80 }] }] },
  ],
  [
    'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    withContainer({ procMount: 'Unmasked' }),
  ],
  [
    'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    { ...kept, securityContext: { seccompProfile: { type: 'Unconfined' } } },
  ],
  [
    'forbidden sysctls (kernel.msgmax)',
    {
      ...kept,
      securityContext: { ...kept.securityContext, sysctls: [{ name: 'kernel.msgmax', value: '1' }] },
    },
  ],
];

for (const [sentence, spec] of baseline) {
  t.test(`baseline forbids ${sentence}`, async (t) => {
    t.same(violations('baseline', spec, {}), [sentence]);
    t.ok(violations('restricted', spec, {}).length > 0, 'restricted forbids it too');
    t.same(violations('privileged', spec, {}), []);
  });
}

const restricted: [string, core.PodSpec][] = [
  [
    'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
    { ...kept, containers: [{ name: 'c', securityContext: { capabilities: { drop: ['ALL'] } } }] },
  ],
  [
    'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"])',
    { ...kept, containers: [{ name: 'c', securityContext: { allowPrivilegeEscalation: false } }] },
  ],
  [
    'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
    { ...kept, securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
  ],
  ['runAsUser=0 (container "c" must not set runAsUser=0)', withContainer({ runAsUser: 0 })],
  [
    'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    { ...kept, securityContext: { runAsNonRoot: true } },
  ],
  [
    'restricted volume types (volume "v" uses restricted volume type "nfs")',
    { ...kept, volumes: [{ name: 'v', nfs: { server: 's', path: '/' } }] },
  ],
];

for (const [sentence, spec] of restricted) {
  t.test(`restricted forbids ${sentence}`, async (t) => {
    t.same(violations('restricted', spec, {}), [sentence]);
    t.same(violations('baseline', spec, {}), [], 'baseline does not');
  });
}

t.test('a pod that keeps all rules breaks none, and init containers count too', async (t) => {
  t.same(violations('restricted', kept, {}), []);
  const init = { ...kept, initContainers: [{ name: 'i', securityContext: { privileged: true } }] };
  t.same(violations('baseline', init, {}), [
    'privileged (container "i" must not set securityContext.privileged=true)',
  ]);
});
