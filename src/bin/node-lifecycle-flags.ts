// Flags of the master on how lost boards are judged and given up; the names are upstream's where it has them.
// https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/
import type { DefaultTolerations } from '../apiserver/strategies/pod-strategy.ts';
import type { DisruptionPolicy } from '../controllers/node-disruption.ts';
import type { PresenceTimes } from '../gateway/node-presence.ts';
import { durationMs, type Flags, type FlagValues, numberIn } from './flags.ts';

export const nodeLifecycleFlags: Flags = {
  'node-monitor-grace-period': {
    value: 'DURATION',
    help: 'silence after which a board counts as lost',
    default: '8s',
  },
  'node-startup-grace-period': {
    value: 'DURATION',
    help: 'time for boards to report after the master has started',
    default: '20s',
  },
  'default-not-ready-toleration-seconds': {
    value: 'N',
    help: 'how long pods stay on a board that is not ready',
    default: '5',
  },
  'default-unreachable-toleration-seconds': {
    value: 'N',
    help: 'how long pods stay on a board out of reach',
    default: '5',
  },
  'unhealthy-zone-threshold': {
    value: 'SHARE',
    help: 'of three or more boards more than this share lost: nothing is moved for a while',
    default: '0.5',
  },
  'disruption-hold-period': { value: 'DURATION', help: 'that while', default: '2m' },
  'secondary-node-eviction-rate': {
    value: 'RATE',
    help: 'boards given up per second once it is over',
    default: '0.1',
  },
};

export interface NodeLifecycleOptions {
  presence: PresenceTimes;
  disruption: DisruptionPolicy;
  defaultTolerations: DefaultTolerations;
}

/** A newer session must show within this, or the old one's end is the board's. */
const TAKEOVER_MS = 1000;
const LONGEST_SECONDS = 2 ** 31 - 1;

export function nodeLifecycleOptions(values: FlagValues): NodeLifecycleOptions {
  const startGraceMs = durationMs(values, 'node-startup-grace-period');
  const monitorGraceMs = durationMs(values, 'node-monitor-grace-period');
  const seconds = { lowest: 0, highest: LONGEST_SECONDS, isWhole: true };
  return {
    presence: { takeoverMs: TAKEOVER_MS, monitorGraceMs, startGraceMs },
    disruption: {
      unhealthyShare: numberIn(values, 'unhealthy-zone-threshold', { lowest: 0, highest: 1 }),
      holdMs: durationMs(values, 'disruption-hold-period'),
      stepMs: 1000 / numberIn(values, 'secondary-node-eviction-rate', { lowest: 0.001, highest: 1000 }),
      startGraceMs,
    },
    defaultTolerations: {
      notReadySeconds: numberIn(values, 'default-not-ready-toleration-seconds', seconds),
      unreachableSeconds: numberIn(values, 'default-unreachable-toleration-seconds', seconds),
    },
  };
}
