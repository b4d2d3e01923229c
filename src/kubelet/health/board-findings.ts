// What a beat's figures mean for each condition of the board. Pure; a condition that this board cannot tell is left out.
import { type BoardConditionType, PRESSURES, type Pressure } from '../../api/board-conditions.ts';
import type { BoardLoad } from '../board/board-load.ts';
import type { Throttling } from '../board/board-sensors.ts';
import type { Shortage } from './thresholds.ts';

interface Words {
  reason: string;
  message: string;
}

export interface Finding {
  type: BoardConditionType;
  isBad: boolean;
  bad: Words;
  good: Words;
}

/** Upstream's words. */
const PRESSURE_WORDS: Readonly<Record<Pressure, Pick<Finding, 'bad' | 'good'>>> = {
  MemoryPressure: {
    bad: { reason: 'KubeletHasInsufficientMemory', message: 'kubelet has insufficient memory available' },
    good: { reason: 'KubeletHasSufficientMemory', message: 'kubelet has sufficient memory available' },
  },
  DiskPressure: {
    bad: { reason: 'KubeletHasDiskPressure', message: 'kubelet has disk pressure' },
    good: { reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' },
  },
  PIDPressure: {
    bad: { reason: 'KubeletHasInsufficientPID', message: 'kubelet has insufficient PID available' },
    good: { reason: 'KubeletHasSufficientPID', message: 'kubelet has sufficient PID available' },
  },
};

/** Raspberry Pis slow down from 80 °C on, and hard at 85. */
const HOT_CELSIUS = 80;

export function findingsOf(load: BoardLoad, shortages: readonly Shortage[]): Finding[] {
  const pressures = PRESSURES.map((type) => ({
    type,
    isBad: shortages.some(({ pressure }) => pressure === type),
    ...PRESSURE_WORDS[type],
  }));
  return [...pressures, ...throttlingFindings(load), ...temperatureFinding(load), ...faultFindings(load)];
}

function throttlingFindings({ throttling }: BoardLoad): Finding[] {
  if (!throttling) return [];
  const isNow = (...causes: Throttling[]) => causes.some((cause) => throttling.now.includes(cause));
  const voltage: Finding = {
    type: 'UnderVoltage',
    isBad: isNow('underVoltage'),
    bad: {
      reason: 'SupplyVoltageTooLow',
      message: 'the supply voltage is below 4.63 V: use a stronger power supply or a shorter cable',
    },
    good: { reason: 'SupplyVoltageSufficient', message: 'the supply voltage is sufficient' },
  };
  const slow: Finding = {
    type: 'Throttled',
    isBad: isNow('frequencyCapped', 'throttled', 'softTemperatureLimit'),
    bad: {
      reason: 'ProcessorSlowedDown',
      message: 'the firmware slows the processor down, for heat or a weak power supply',
    },
    good: { reason: 'ProcessorAtFullSpeed', message: 'the firmware lets the processor run at full speed' },
  };
  return [voltage, slow];
}

function temperatureFinding({ temperatureCelsius }: BoardLoad): Finding[] {
  if (temperatureCelsius === undefined) return [];
  const bad = {
    reason: 'ProcessorTooHot',
    message: `the processor is at ${HOT_CELSIUS} °C or more: give the board air or a heat sink`,
  };
  const good = { reason: 'TemperatureNormal', message: `the processor is below ${HOT_CELSIUS} °C` };
  return [{ type: 'HighTemperature', isBad: temperatureCelsius >= HOT_CELSIUS, bad, good }];
}

function faultFindings({ faults = [] }: BoardLoad): Finding[] {
  const clock: Finding = {
    type: 'ClockNotSet',
    isBad: faults.includes('clockNotSet'),
    bad: {
      reason: 'TimeUnknown',
      message: 'no time server has told this board the time: certificates and logs may seem wrong',
    },
    good: { reason: 'TimeKnown', message: 'the clock is set' },
  };
  const disk: Finding = {
    type: 'ReadonlyFilesystem',
    isBad: faults.includes('readOnlyFilesystem'),
    bad: {
      reason: 'FilesystemIsReadOnly',
      message: 'the file system can only be read: the SD card may be worn out or the file system damaged',
    },
    good: { reason: 'FilesystemIsNotReadOnly', message: 'Filesystem is not read-only' },
  };
  return [clock, disk];
}
