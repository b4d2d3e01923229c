// How a function says that it cannot be evaluated.
import { EvaluationError } from '@marcbachmann/cel-js';

/** Ends the evaluation: the rule has failed with this message. */
export function fail(message: string): never {
  throw new EvaluationError(message);
}
