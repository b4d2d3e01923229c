// The types of Kubernetes' objects are read-only; defaulting works on private copies and may write them.

export type Writable<T> = { -readonly [K in keyof T]: T[K] };
