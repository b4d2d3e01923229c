// Room for connections on this board, as many as the files that the agent may have open allow, shared among Services:
// each may have nine times what is left, so that one which takes all that it gets leaves a tenth to those that come after
// it, and all together leave the rest of the agent what its own work needs.

/** Each connection has two sockets; a UDP flow, which has one, counts as one connection too. */
const FILES_EACH = 2;
/** For MQTT, podman, pods' files and Ingress: of a low limit a quarter. */
const MOST_KEPT_FILES = 2_048;
/** One Service alone has its 8,000 connections of 20,000 files. */
const SHARE = 9;

export class ConnectionRoom {
  /** The agent's, for people to read. */
  readonly openFiles: number;
  readonly #size: number;
  #taken = 0;

  constructor(openFiles = Number.POSITIVE_INFINITY) {
    this.openFiles = openFiles;
    this.#size = (openFiles - Math.min(MOST_KEPT_FILES, openFiles / 4)) / FILES_EACH;
  }

  /** For one that has `own` already; false = there is no room for it. */
  take(own: number): boolean {
    if (own >= SHARE * (this.#size - this.#taken)) return false;
    this.#taken += 1;
    return true;
  }

  giveBack(): void {
    this.#taken -= 1;
  }
}
