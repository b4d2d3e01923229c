// The names by which podman knows a pod's containers.
import t from 'tap';
import { containerName } from '../../../../../src/kubelet/runtime/podman/labels.ts';
import { containerConfig, sandboxConfig } from '../../../../support/runtime-contract.ts';

t.test('a container called pause has another name than its pod’s pause container', async (t) => {
  const sandbox = sandboxConfig('10.40.0.5', { podName: 'web' });
  const uid = sandbox.podUid.slice(0, 8);
  const own = containerConfig(sandbox, 'pause:3.2', { containerName: 'pause' });
  t.equal(containerName(sandbox), `web_contract_POD_${uid}_0`);
  t.equal(containerName(own), `web_contract_pause_${uid}_0`);
});
