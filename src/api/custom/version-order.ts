// Which of several versions is preferred: stable before beta before alpha, the newer first, other names last by
// alphabet.
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-priority

const VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/;
const STAGES = [undefined, 'beta', 'alpha'];

interface Parsed {
  stage: number;
  major: number;
  minor: number;
}

function parse(name: string): Parsed | undefined {
  const match = VERSION.exec(name);
  if (!match) return undefined;
  return { stage: STAGES.indexOf(match[2]), major: Number(match[1]), minor: Number(match[3] ?? 0) };
}

/** Negative when `a` goes before `b`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : Number(a > b);
  return left.stage - right.stage || right.major - left.major || right.minor - left.minor;
}
