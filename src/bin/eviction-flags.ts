// Flags of when a board is short of something, and for how long: names and syntax are upstream's kubelet's.
// https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#hard-eviction-thresholds
import { tryParseQuantity, wholeValue } from '../api/quantity.ts';
import { QUIET_MS } from '../kubelet/health/board-health.ts';
import {
  defaultThresholds,
  EVICTION_SIGNALS,
  type Threshold,
  type Thresholds,
} from '../kubelet/health/thresholds.ts';
import { durationMs, type Flags, type FlagValues, UsageError } from './flags.ts';

export interface EvictionSettings {
  thresholds: Thresholds;
  /** A condition of the board is good again only after this. */
  quietMs: number;
}

export const evictionFlags: Flags = {
  'eviction-hard': {
    value: 'LIST',
    help:
      'ends pods where less is left, such as memory.available<100Mi,nodefs.available<10%; ' +
      'what is not named is then not looked at',
  },
  'eviction-pressure-transition-period': {
    value: 'DURATION',
    help: "how long a condition of the board stays after it was last met, the hardware's too",
    default: `${QUIET_MS / 60_000}m`,
  },
};

export function evictionSettings(values: FlagValues): EvictionSettings {
  const list = values['eviction-hard'];
  return {
    thresholds: list === undefined ? defaultThresholds : thresholdsOf(list),
    quietMs: durationMs(values, 'eviction-pressure-transition-period'),
  };
}

function thresholdsOf(list: string): Thresholds {
  const parts = list.split(',').map((part) => part.trim());
  const entries = parts.filter(Boolean).map((part) => {
    const [, name, value = ''] = /^([\w.]+)<(.+)$/.exec(part) ?? [];
    const signal = EVICTION_SIGNALS.find((known) => known === name);
    if (!signal)
      throw wrong(part, `one of ${EVICTION_SIGNALS.join(', ')}, then < and an amount or a percentage`);
    return [signal, thresholdOf(part, value.trim())] as const;
  });
  if (new Set(entries.map(([signal]) => signal)).size < entries.length)
    throw new UsageError('--eviction-hard takes each signal once');
  return Object.fromEntries(entries);
}

function thresholdOf(part: string, value: string): Threshold {
  if (value.endsWith('%')) {
    const percent = /^\d+(\.\d+)?%$/.test(value) ? Number.parseFloat(value) : Number.NaN;
    if (!(percent > 0 && percent <= 100)) throw wrong(part, 'a percentage above 0 and up to 100');
    return { share: percent / 100 };
  }
  const quantity = tryParseQuantity(value);
  if (!quantity || quantity.nanos <= 0n) throw wrong(part, 'an amount such as 100Mi');
  return { amount: wholeValue(quantity) };
}

function wrong(part: string, right: string): UsageError {
  return new UsageError(`--eviction-hard takes ${right}, not '${part}'`);
}
