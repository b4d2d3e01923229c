// One line of a log file as conmon's k8s-file driver writes it:
// `2026-11-20T23:05:49.720777554+00:00 stdout F text`, where `P` marks a part whose rest follows.

interface LogLine {
  /** Bytes of the time stamp, as written. */
  time: Buffer;
  isPart: boolean;
  text: Buffer;
}

const space = 0x20;
const partial = 0x50;

/** `line` without its line feed; `undefined` for what conmon did not write (a torn line after a power cut). */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const afterTime = line.indexOf(space);
  const afterStream = line.indexOf(space, afterTime + 1);
  if (afterTime <= 0 || afterStream < 0 || line[afterStream + 2] !== space) return undefined;
  return {
    time: line.subarray(0, afterTime),
    isPart: line[afterStream + 1] === partial,
    text: line.subarray(afterStream + 3),
  };
}

/** Milliseconds since the epoch; NaN for what is no time. */
export function lineTimeMs(line: LogLine): number {
  return Date.parse(line.time.toString('latin1'));
}
