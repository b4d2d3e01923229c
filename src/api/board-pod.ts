// A pod as its board is told of it: with what other objects say of it and a board does not see.
import type { Pod } from './objects.ts';

export type BoardPod = Pod & {
  /** What its RuntimeClass names; absent where it names no class, or one that is not there. */
  runtimeHandler?: string;
};
