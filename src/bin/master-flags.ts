// Flags that `edge-master` and `npm start` share.
import { resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { lanAddresses, lastingLanAddresses } from '../base/lan-addresses.ts';
import type { Logger } from '../base/logger.ts';
import { addresses, durationMs, type Flags, type FlagValues, port, required } from './flags.ts';
import { Master } from './master.ts';
import { clusterNetwork, networkFlags } from './network-flags.ts';
import { nodeLifecycleFlags, nodeLifecycleOptions } from './node-lifecycle-flags.ts';

export const masterFlags: Flags = {
  'data-dir': { value: 'DIR', help: 'where everything is stored', default: '.edge' },
  'api-port': { value: 'N', help: 'HTTPS port of the API', default: '6443' },
  'mqtt-port': { value: 'N', help: 'MQTT over TLS, for boards', default: '8883' },
  'mqtt-inspect-port': {
    value: 'N',
    help: 'read-only MQTT on 127.0.0.1, for people; 0 = off',
    default: '1883',
  },
  'advertise-address': {
    value: 'IP,…',
    help: "where boards reach the master, instead of this machine's addresses",
  },
  'token-auth-file': { value: 'FILE', help: 'bearer tokens, lines of token,user,uid,"groups"' },
  'basic-auth-file': { value: 'FILE', help: 'passwords, lines of password,user,uid,"groups"' },
  'insecure-port': {
    value: 'N',
    help: 'HTTP on 127.0.0.1 with every right, for this machine alone; 0 = off',
    default: '0',
  },
  'audit-log-path': { value: 'FILE', help: 'record who asked for what, one JSON line per request' },
  ...networkFlags,
  ...nodeLifecycleFlags,
  'horizontal-pod-autoscaler-sync-period': {
    value: 'DURATION',
    help: 'how often HorizontalPodAutoscalers look at their metrics',
    default: '30s',
  },
  'log-level': { value: 'LEVEL', help: 'debug, info, warn or error', default: 'warn' },
};

export function createMaster(values: FlagValues, logger: Logger, onFatal: (error: Error) => void): Master {
  const told = addresses(values, 'advertise-address');
  return new Master({
    dataDir: resolve(required(values, 'data-dir')),
    apiPort: port(values, 'api-port'),
    mqttPort: port(values, 'mqtt-port'),
    inspectPort: port(values, 'mqtt-inspect-port', 0),
    advertiseAddresses: told ?? lanAddresses(),
    addressesNow: told ? undefined : lastingLanAddresses(),
    insecurePort: port(values, 'insecure-port', 0),
    tokenFile: values['token-auth-file'],
    passwordFile: values['basic-auth-file'],
    auditLogPath: values['audit-log-path'],
    nodeLifecycle: nodeLifecycleOptions(values),
    autoscalerSyncPeriodMs: durationMs(values, 'horizontal-pod-autoscaler-sync-period', 1000),
    network: clusterNetwork(values),
    clock: systemClock,
    logger,
    onFatal,
  });
}
