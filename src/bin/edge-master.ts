// The master as a program of its own: stores, schedules, publishes; runs no pods.
import { createLogger, logLevel } from './logging.ts';
import type { Master } from './master.ts';
import { createMaster, masterFlags } from './master-flags.ts';
import { runProgram } from './program.ts';

await runProgram({
  usage: 'edge-master [flags]',
  about: 'The master of an edge-cluster: API server, store, controllers, scheduler and MQTT broker.',
  flags: masterFlags,
  create: (values, fail) => createMaster(values, createLogger(logLevel(values)), fail),
  async ready(_values, component) {
    process.stdout.write(`The master is ready. Kubeconfig: ${(component as Master).kubeconfigPath}\n`);
  },
});
