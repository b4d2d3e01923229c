// How much a container's log may take on the card: kubelet's containerLogMaxSize and containerLogMaxFiles (10Mi and 5
// there), scaled down so that 100 chatty containers take 1.2 GB and not 5.

export interface LogLimits {
  /** Under 1 MiB conmon loses lines. */
  maxSizeBytes: number;
  /** The one that is written and those before it, per attempt of a container. */
  maxFiles: number;
}

export const LEAST_LOG_SIZE_BYTES = 1024 * 1024;
export const defaultLogLimits: LogLimits = { maxSizeBytes: 4 * 1024 * 1024, maxFiles: 3 };
