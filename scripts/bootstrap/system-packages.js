// Installs the Debian packages that are missing, saying which, and tells what to do where it cannot.
import { spawnSync } from 'node:child_process';
import { refuse, run } from './run.js';

/** What a board needs to run pods. */
export const boardPackages = [
  'podman',
  'crun',
  'runc',
  'netavark',
  'catatonit',
  'nftables',
  'iproute2',
  'ca-certificates',
];

/** What the tests need beside. */
export const testPackages = [
  ...boardPackages,
  'iptables',
  'mosquitto-clients',
  'mmdebstrap',
  'strace',
  'curl',
  'gcc',
  'libc6-dev',
  'musl-tools',
];

/** Ends the process unless root: containers, network rules and packages need it. */
export function requireRoot(command) {
  if (process.getuid() !== 0) {
    refuse(
      `${command} must run as root, as it starts containers and sets network rules. Run:\n  sudo ${command}`,
    );
  }
}

export function installSystemPackages(packages) {
  const missing = missingSystemPackages(packages);
  if (missing.length === 0) return;
  if (!has('apt-get')) {
    refuse(`This system has no apt-get. Install ${missing.join(', ')} and run the command again.`);
  }
  console.log(`Installing Debian packages: ${missing.join(' ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] };
  run('apt-get', ['-qq', 'update'], quiet);
  run('apt-get', ['-qq', 'install', '-y', '--no-install-recommends', ...missing], quiet);
}

function missingSystemPackages(packages) {
  if (!has('dpkg-query')) return packages;
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
  const answer = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\\n', ...packages], {
    encoding: 'utf8',
  });
  const installed = new Set(
    answer.stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return packages.filter((name) => !installed.has(name));
}

function has(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
}
