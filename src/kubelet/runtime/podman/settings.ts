// What podman needs to be told about this machine; preflight finds it out, the service and its configuration use it.

/** Where podman keeps its things. All four or none: a second podman on one machine must share none of them. */
export interface PodmanStorage {
  /** Images and layers; podman's default is /var/lib/containers/storage. */
  root: string;
  /** State that a reboot clears; default /run/containers/storage. */
  runRoot: string;
  /** libpod's own state; exit files appear in `exits` under it; default /run/libpod. */
  tmpDir: string;
  /** Network definitions; default /etc/containers/networks. */
  networkConfigDir: string;
}

/** Of a podman with the machine's store. */
export const defaultStorageRoot = '/var/lib/containers/storage';
export const defaultTmpDir = '/run/libpod';

/** Findings of preflight about this machine. */
export interface MachineSettings {
  podmanPath: string;
  podmanVersion: string;
  ociRuntime: 'crun' | 'runc';
  cgroupManager: 'systemd' | 'cgroupfs';
  /** Limits for containers where podman's own defaults would be refused; `undefined` = podman's defaults. */
  ulimits: { openFiles: number; processes: number } | undefined;
  catatonitPath: string;
}
