// The disk that the virtual machine boots from, in the cache: the board's tree with Debian's kernel and systemd. It is
// made once; what a run writes goes elsewhere.
import { appendFile, copyFile, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedRoot } from '../../support/debian-packages.ts';
import { installPackages } from '../../support/debian-tree.ts';
import { boardTreePackages, SUITE, versionOf } from '../board-tree.ts';
import { makeDisk } from './make-disk.ts';

const packages = [...boardTreePackages, 'linux-image-cloud-amd64', 'systemd-sysv', 'udev', 'dbus'];
const SERVICE = 'edge-tests.service';
/** Of the disk, of which the packages take 0.8 GB; the rest is for images and containers. */
const SIZE_GIB = 6;
const FSTAB = '/dev/vda / ext4 noatime 0 1\n/dev/vdb /edge-cluster ext4 noatime 0 0\n';

/** Paths of what a machine boots. */
export interface MachineDisk {
  kernel: string;
  initrd: string;
  disk: string;
}

export async function machineDisk(): Promise<MachineDisk> {
  const service = await readFile(join(import.meta.dirname, SERVICE), 'utf8');
  const version = versionOf([...packages, service, FSTAB]);
  const folder = await cachedRoot(`${SUITE}-machine-${version}`, (work) => makeMachine(join(work, 'root')));
  return partsIn(folder);
}

function partsIn(folder: string): MachineDisk {
  return { kernel: join(folder, 'vmlinuz'), initrd: join(folder, 'initrd.img'), disk: join(folder, 'disk') };
}

async function makeMachine(folder: string): Promise<void> {
  const tree = join(folder, 'tree');
  const parts = partsIn(folder);
  await mkdir(folder);
  await installPackages(packages, tree, SUITE);
  await addService(tree);
  await copyFile(join(tree, 'vmlinuz'), parts.kernel);
  await copyFile(join(tree, 'initrd.img'), parts.initrd);
  await makeDisk(parts.disk, SIZE_GIB, tree);
  await rm(tree, { recursive: true });
}

async function addService(tree: string): Promise<void> {
  const units = join(tree, 'etc/systemd/system');
  await copyFile(join(import.meta.dirname, SERVICE), join(units, SERVICE));
  await mkdir(join(units, 'multi-user.target.wants'), { recursive: true });
  await symlink(`../${SERVICE}`, join(units, 'multi-user.target.wants', SERVICE));
  await mkdir(join(tree, 'edge-cluster'));
  await appendFile(join(tree, 'etc/fstab'), FSTAB);
}
