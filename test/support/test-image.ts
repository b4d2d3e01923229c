// An image made on the spot: busybox-static alone, its applets as links. No registry is needed.
import { readFile } from 'node:fs/promises';
import type { Images } from '../../src/kubelet/runtime/podman/images.ts';
import { type TarEntry, tar } from '../../src/kubelet/runtime/podman/tar.ts';

export const busyboxImage = 'localhost/edge-test-busybox:1';

const applets = [
  'sh',
  'sleep',
  'cat',
  'echo',
  'hostname',
  'id',
  'ip',
  'nc',
  'httpd',
  'kill',
  'mkdir',
  'seq',
  'env',
  'dd',
  'tail',
  'true',
  'false',
  'ls',
  'pwd',
  'ipcs',
];

/** Root file system of the test image as a tar archive. Debian's package busybox-static must be installed. */
export async function busyboxRoot(extra: readonly TarEntry[] = []): Promise<Buffer> {
  const content = await readFile('/bin/busybox');
  return tar([
    { path: 'bin/', folder: true },
    { path: 'tmp/', folder: true, mode: 0o1777 },
    { path: 'bin/busybox', content, mode: 0o755 },
    ...applets.map((applet) => ({ path: `bin/${applet}`, linkTo: 'busybox' })),
    ...extra,
  ]);
}

/** Makes the test image unless podman has it. Its default command sleeps and ends on SIGTERM with code 0. */
export async function ensureBusyboxImage(images: Images): Promise<void> {
  if (await images.exists(busyboxImage)) return;
  const command = ['/bin/sh', '-c', "trap 'exit 0' TERM; while :; do sleep 3600 & wait; done"];
  await images.importRoot(busyboxImage, await busyboxRoot(), [
    'ENV PATH=/bin',
    `CMD ${JSON.stringify(command)}`,
  ]);
}
