// The board's network as a condition of its Node. Pure.
// https://kubernetes.io/docs/reference/node/node-status/#condition
import type { BoardCondition } from '../api/board-conditions.ts';
import type { NetworkProblem } from './board-network.ts';

/** True while something keeps pods here from being reached; the reason is the first one's. */
export function networkCondition(problems: readonly NetworkProblem[]): BoardCondition {
  const blocking = problems.filter(({ isBlocking }) => isBlocking);
  const [first] = blocking;
  if (!first) {
    const message = 'routes to pods and Services are set';
    return { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated', message };
  }
  const message = blocking.map(problemText).join('; ');
  return { type: 'NetworkUnavailable', status: 'True', reason: first.reason, message };
}

export const problemText = ({ message, mend }: NetworkProblem): string => `${message}: ${mend}`;
