// Runs a program for the bootstrap scripts. Plain JavaScript: it runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process';

/** Runs to the end with its output shown; throws when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed (exit ${result.status})`);
}

/** Runs with the terminal handed over and signals passed on; resolves with the exit code. */
export function hand(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', ...options });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const pass = (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const s of signals) process.off(s, pass);
      resolve(signal ? 1 : (code ?? 1));
    });
  });
}

/** Prints one line and ends the process: for what the person at the terminal must mend. */
export function refuse(message) {
  console.error(message);
  process.exit(1);
}
