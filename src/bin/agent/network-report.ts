// Tells the cluster what stands in the way of this board's network: a condition of its Node, and an Event for each
// problem that has come up, or that was put right by the agent alone.
import type { AgentLink } from '../../mqtt/agent-link.ts';
import type { NetworkProblem } from '../../network/board-network.ts';
import { networkCondition, problemText } from '../../network/network-condition.ts';
import { restoredText } from '../../network/table-listing.ts';

export class NetworkReport {
  readonly #link: Pick<AgentLink, 'setConditions' | 'boardEvent'>;
  #told: ReadonlySet<string> = new Set();

  constructor(link: Pick<AgentLink, 'setConditions' | 'boardEvent'>) {
    this.#link = link;
  }

  /** All that there are now. */
  update(problems: readonly NetworkProblem[]): void {
    this.#link.setConditions('network', [networkCondition(problems)]);
    for (const problem of problems) {
      const message = problemText(problem);
      if (!this.#told.has(message))
        this.#link.boardEvent({ type: 'Warning', reason: problem.reason, message });
    }
    this.#told = new Set(problems.map(problemText));
  }

  /** `parts` of our rules were changed by others and are as they should be. */
  restored(parts: readonly string[]): void {
    const message = restoredText(parts);
    this.#link.boardEvent({ type: 'Warning', reason: 'NetworkRulesRestored', message });
  }
}
