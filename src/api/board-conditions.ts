// Conditions that a board may set on its own Node, besides Ready: nothing else, or it could say what is not its
// business. The first four are Kubernetes' own, the others tell what hardware suffers from (as node-problem-detector's
// do).
export const PRESSURES = ['MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;
export type Pressure = (typeof PRESSURES)[number];

export const BOARD_CONDITIONS = [
  ...PRESSURES,
  'NetworkUnavailable',
  'UnderVoltage',
  'Throttled',
  'HighTemperature',
  'ClockNotSet',
  'ReadonlyFilesystem',
] as const;
export type BoardConditionType = (typeof BOARD_CONDITIONS)[number];

export interface BoardCondition {
  type: BoardConditionType;
  status: 'True' | 'False';
  reason: string;
  message: string;
}
