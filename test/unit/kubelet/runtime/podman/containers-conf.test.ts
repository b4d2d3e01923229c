import t from 'tap';
import { containersConf } from '../../../../../src/kubelet/runtime/podman/containers-conf.ts';
import type { MachineSettings } from '../../../../../src/kubelet/runtime/podman/settings.ts';

const settings: MachineSettings = {
  podmanPath: '/usr/bin/podman',
  podmanVersion: '4.3.1',
  ociRuntime: 'runc',
  cgroupManager: 'cgroupfs',
  ulimits: undefined,
  catatonitPath: '/usr/bin/catatonit',
};

t.test('the configuration names what preflight found', async (t) => {
  const text = containersConf(settings, '/data/networks');
  t.match(text, /^\[engine\]\ncgroup_manager = "cgroupfs"$/m);
  t.match(text, /^runtime = "runc"$/m);
  t.match(text, /^network_backend = "netavark"$/m);
});

t.test('limits are given only where podman needs them', async (t) => {
  t.notMatch(containersConf(settings, '/data/networks'), /default_ulimits/);
  const text = containersConf(
    { ...settings, ulimits: { openFiles: 20000, processes: 32768 } },
    '/data/networks',
  );
  t.match(text, /^default_ulimits = \["nofile=20000:20000", "nproc=32768:32768"\]$/m);
});
