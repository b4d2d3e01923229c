// Whether Services are reached from this board. `flush ruleset`, with which Debian's service nftables starts, takes our
// rules away and tells nobody; to list them would take a program each time, so they are tried.
import { connect } from 'node:net';
import type { Logger } from '../base/logger.ts';
import type { DesiredNetwork, NetworkProblem, Place } from './board-network.ts';

/** On the board itself an answer takes less than a millisecond, however busy it is. */
const PATIENCE_MS = 2_000;
/** Where new rules do not help, which is then another's doing, such as a firewall's, they are renewed once in so many. */
const RENEWED_LOOKS = 12;

interface Look {
  /** What was applied is to be applied again. */
  isRenewalDue: boolean;
  /** `problems` have changed. */
  isNews: boolean;
}

export class ServiceReach {
  readonly #logger: Logger;
  readonly #isReached: (place: Place) => Promise<boolean>;
  #missedLooks = 0;
  #problems: NetworkProblem[] = [];

  constructor(logger: Logger, isReached = canConnect) {
    this.#logger = logger;
    this.#isReached = isReached;
  }

  /** That new rules have not helped. */
  get problems(): readonly NetworkProblem[] {
    return this.#problems;
  }

  /** Asks nobody while nothing answers, or the board has no rules. */
  async look({ podCIDR, probe }: Partial<DesiredNetwork> = {}): Promise<Look> {
    if (!podCIDR || !probe) return { isRenewalDue: false, isNews: false };
    const hadProblems = this.#problems.length > 0;
    this.#missedLooks = (await this.#isReached(probe)) ? 0 : this.#missedLooks + 1;
    this.#problems = this.#missedLooks > 1 ? [unreached(probe)] : [];
    if (this.#missedLooks === 1)
      this.#logger.warn({ ...probe }, 'not reached from this board: its rules are renewed');
    return {
      isRenewalDue: isRenewalDue(this.#missedLooks),
      isNews: hadProblems !== this.#problems.length > 0,
    };
  }
}

const isRenewalDue = (missedLooks: number): boolean =>
  missedLooks > 0 && (missedLooks <= 2 || missedLooks % RENEWED_LOOKS === 0);

/** Sends nothing, and leaves no connection behind for the kernel to remember. */
function canConnect({ ip, port }: Place): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, ip);
    socket.once('connect', () => {
      socket.resetAndDestroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
    socket.setTimeout(PATIENCE_MS, () => {
      socket.destroy();
      resolve(false);
    });
  });
}

function unreached({ ip, port }: Place): NetworkProblem {
  return {
    reason: 'ServicesUnreachable',
    message: `the cluster's DNS at ${ip}, port ${port}, is not reached from this board, though the agent's rules are there`,
    mend: `look for rules of others that drop what the board sends to ${ip}: nft list ruleset`,
    isBlocking: false,
  };
}
