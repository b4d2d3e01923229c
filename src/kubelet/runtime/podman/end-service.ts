// Ends podman's service by the socket that it serves: the one that an agent before this one started is no child of ours.
import { processes, signalProcess } from './process-table.ts';

const LOOK_AGAIN_MS = 10;
const TRIES = 500;

/** At once, as nothing of what it does is to be kept; resolves when it has ended. */
export async function endService(socketPath: string, procFolder = '/proc'): Promise<void> {
  const pids = await servicesOf(socketPath, procFolder);
  for (const pid of pids) signalProcess(pid, 'SIGKILL');
  for (let tries = 0; tries < TRIES; tries++) {
    if ((await servicesOf(socketPath, procFolder)).length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  throw new Error(`podman's service (pid ${pids.join(', ')}) does not end: reboot the board`);
}

async function servicesOf(socketPath: string, procFolder: string): Promise<number[]> {
  const all = await processes(procFolder);
  const services = all.filter(
    ({ words }) => words.includes('service') && words.includes(`unix://${socketPath}`),
  );
  return services.map(({ pid }) => pid);
}
