// What an idle cluster of one board costs with the demo running: memory of everything that is resident, CPU and
// disk writes over a minute of idling.
import { readyPods } from '../support/pods.ts';
import { Trial } from '../support/trial.ts';
import { type ProcessUse, processesOf } from './processes.ts';

const SETTLE_MS = 20_000;
const IDLE_MS = 60_000;
const STEP = { pssMB: 130, cpuPercent: 1, writtenBytes: 0 };

export async function footprint(): Promise<void> {
  const trial = await Trial.create();
  try {
    await trial.start({ demo: true });
    await readyPods(trial, 'app=web', 2);
    await wait(SETTLE_MS);
    const before = await residents(trial);
    await wait(IDLE_MS);
    const after = await residents(trial);
    print(before, after);
  } finally {
    await trial.destroy();
  }
}

/**
 * The program, and the conmon of each of its own containers (with what it started), whose log is in the data folder.
 */
function residents(trial: Trial): Promise<ProcessUse[]> {
  return processesOf(trial.program?.process.pid ?? 0, [trial.dataDir]);
}

function print(before: readonly ProcessUse[], after: readonly ProcessUse[]): void {
  const byName = new Map<string, { count: number; pssKiB: number }>();
  for (const { name, pssKiB } of after) {
    const sum = byName.get(name) ?? { count: 0, pssKiB: 0 };
    byName.set(name, { count: sum.count + 1, pssKiB: sum.pssKiB + pssKiB });
  }
  for (const [name, { count, pssKiB }] of byName) {
    process.stdout.write(
      `  ${name.padEnd(16)} ${String(count).padStart(3)} × PSS in all ${megabytes(pssKiB)} MB\n`,
    );
  }
  const sum = (uses: readonly ProcessUse[], field: 'pssKiB' | 'anonymousKiB' | 'cpuMs' | 'writtenBytes') =>
    uses.reduce((total, use) => total + use[field], 0);
  const cpu = ((sum(after, 'cpuMs') - sum(before, 'cpuMs')) / IDLE_MS) * 100;
  const written = sum(after, 'writtenBytes') - sum(before, 'writtenBytes');
  process.stdout.write(
    `  memory (PSS)   ${megabytes(sum(after, 'pssKiB'))} MB   (step: under ${STEP.pssMB} MB)\n`,
  );
  process.stdout.write(`  of it anonymous ${megabytes(sum(after, 'anonymousKiB'))} MB\n`);
  process.stdout.write(`  idle CPU       ${cpu.toFixed(2)} % of a core   (step: ${STEP.cpuPercent} %)\n`);
  process.stdout.write(
    `  disk writes    ${written} bytes in ${IDLE_MS / 1000} s   (step: ${STEP.writtenBytes})\n`,
  );
}

const megabytes = (kib: number) => ((kib * 1024) / 1e6).toFixed(1);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
