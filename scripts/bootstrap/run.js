// Runs a program for the bootstrap scripts. Plain JavaScript: it runs before anything is installed.
import { spawnSync } from 'node:child_process';

/** Runs to the end with its output shown; throws when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed (exit ${result.status})`);
}

/** Passes signals on to the child, so that it can clean up; call the result once it has ended. */
export function passSignals(child) {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const pass = (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  return () => {
    for (const signal of signals) process.off(signal, pass);
  };
}

/** Prints one line and ends the process: for what the person at the terminal must mend. */
export function refuse(message) {
  console.error(message);
  process.exit(1);
}
