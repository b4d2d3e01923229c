// What the API server asks for figures: the boards' newest, from whoever hears them. Joined in bin/.

/** CPU in billionths of a core, memory in bytes; absent = not known. */
export interface Amounts {
  cpuNanocores?: number;
  workingSetBytes?: number;
}

export interface NodeUsage extends Amounts {
  node: string;
  /** End of the window, milliseconds since the epoch. */
  atMs: number;
  windowMs: number;
}

export interface PodUsage {
  /** `namespace/name`. */
  key: string;
  uid: string;
  atMs: number;
  windowMs: number;
  containers: Readonly<Record<string, Amounts>>;
}

export interface UsageSource {
  /** Only what is fresh. */
  nodes(): Iterable<NodeUsage>;
  pods(): Iterable<PodUsage>;
}
