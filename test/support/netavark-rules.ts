// The iptables rules that a killed podman leaves for a test's pod range. A board's agent leaves them alone: they
// belong to its one network and are used again by its next pod; a test run's network never comes back.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export async function removeNetavarkRules(podRange: string): Promise<void> {
  const { stdout } = await run('iptables', ['-t', 'nat', '-S', 'POSTROUTING']);
  for (const rule of stdout.split('\n')) {
    const chain = /^-A POSTROUTING -s (\S+) -j (NETAVARK-[0-9A-F]+)$/.exec(rule);
    if (chain?.[1] !== podRange || !chain[2]) continue;
    await run('iptables', ['-t', 'nat', '-D', 'POSTROUTING', '-s', podRange, '-j', chain[2]]);
    await run('iptables', ['-t', 'nat', '-F', chain[2]]);
    await run('iptables', ['-t', 'nat', '-X', chain[2]]);
  }
}
