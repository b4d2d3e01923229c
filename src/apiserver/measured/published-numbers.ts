// What the API server asks for the numbers that applications publish: the newest of each, from whoever hears them.
// Joined in bin/.

export interface PublishedNumber {
  namespace: string;
  /** Of the object that it is about; `''` = about none, an external metric. */
  kind: string;
  /** The object's, or that of the series. */
  name: string;
  metric: string;
  /** Thousandths. */
  milli: number;
  /** Milliseconds since the epoch. */
  atMs: number;
}

export interface PublishedNumbers {
  /** Only what is fresh. */
  all(): Iterable<PublishedNumber>;
}
