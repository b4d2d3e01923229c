// Requests and limits as cgroup values, by upstream's own sums (pkg/kubelet/cm/helpers_linux.go). Pure.
import type { core } from '../../api/objects.ts';
import { bytes, cpuMillis } from '../../api/quantity.ts';
import type { ContainerConfig } from '../runtime/runtime.ts';

const SHARES_PER_CPU = 1024;
const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
const PERIOD_US = 100_000;
const MIN_QUOTA_US = 1_000;

export function cgroupResources(
  resources: core.ResourceRequirements | undefined,
): ContainerConfig['resources'] {
  const { limits, requests } = resources ?? {};
  const cpuRequest = requests?.cpu ?? limits?.cpu;
  const quotaUs = limits?.cpu === undefined ? 0 : milliCpuToQuotaUs(cpuMillis(limits.cpu));
  const memory = limits?.memory === undefined ? 0 : bytes(limits.memory);
  return {
    cpuShares: milliCpuToShares(cpuRequest === undefined ? 0 : cpuMillis(cpuRequest)),
    ...(quotaUs > 0 ? { cpuQuotaUs: quotaUs, cpuPeriodUs: PERIOD_US } : {}),
    ...(memory > 0 ? { memoryLimitBytes: memory } : {}),
  };
}

/** No request gives the smallest share, so that what asked for CPU gets it first. */
function milliCpuToShares(milliCpu: number): number {
  if (milliCpu === 0) return MIN_SHARES;
  return Math.min(Math.max(Math.trunc((milliCpu * SHARES_PER_CPU) / 1000), MIN_SHARES), MAX_SHARES);
}

/** Microseconds per period of 100 ms; 0 = no limit. */
function milliCpuToQuotaUs(milliCpu: number): number {
  if (milliCpu === 0) return 0;
  return Math.max(Math.trunc((milliCpu * PERIOD_US) / 1000), MIN_QUOTA_US);
}
