// Which endpoint each client had last, for `sessionAffinity: ClientIP`: kept for a time after its last
// connection, and for so many clients only; the one that came longest ago is forgotten first.
// https://kubernetes.io/docs/reference/networking/virtual-ips/#session-affinity

interface Kept {
  endpoint: string;
  atMs: number;
}

/** About 0.5 MB at most. */
const MAX_CLIENTS = 4096;

export class AffinityTable {
  /** In the order of the last connection. */
  readonly #clients = new Map<string, Kept>();

  get size(): number {
    return this.#clients.size;
  }

  /** Also one whose time is over and who has not been looked for since. */
  has(client: string): boolean {
    return this.#clients.has(client);
  }

  /** `nowMs` is monotonic. */
  find(client: string, timeoutMs: number, nowMs: number): string | undefined {
    const kept = this.#clients.get(client);
    if (!kept) return undefined;
    if (nowMs - kept.atMs < timeoutMs) return kept.endpoint;
    this.#clients.delete(client);
    return undefined;
  }

  keep(client: string, endpoint: string, nowMs: number): void {
    this.#clients.delete(client);
    this.#clients.set(client, { endpoint, atMs: nowMs });
    if (this.#clients.size <= MAX_CLIENTS) return;
    for (const oldest of this.#clients.keys()) {
      this.#clients.delete(oldest);
      return;
    }
  }

  clear(): void {
    this.#clients.clear();
  }
}
