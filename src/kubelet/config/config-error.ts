// A part of a pod's spec that cannot be met now, such as a ConfigMap that is not there: the container waits with
// `reason` and is tried again when something changes.
export class ConfigError extends Error {
  /** `CreateContainerConfigError`, or `FailedMount` for a volume. */
  readonly reason: string;
  constructor(message: string, reason = 'CreateContainerConfigError') {
    super(message);
    this.name = 'ConfigError';
    this.reason = reason;
  }
}
