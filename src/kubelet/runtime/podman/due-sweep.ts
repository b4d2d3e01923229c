// A sweep that is due before the first pod and again whenever podman died, until it has found nothing that is
// too young to be judged.

export class DueSweep {
  readonly #deaths: () => number;
  readonly #sweep: () => Promise<boolean>;
  #sweptAtDeaths = -1;
  #sweeping: Promise<void> | undefined;

  /** `deaths` counts how often podman died; `sweep` resolves with whether nothing is left. */
  constructor(deaths: () => number, sweep: () => Promise<boolean>) {
    this.#deaths = deaths;
    this.#sweep = sweep;
  }

  /** Many pods start at once: they wait for the same sweep. */
  async run(): Promise<void> {
    if (this.#sweptAtDeaths === this.#deaths()) return;
    this.#sweeping ??= this.#once().finally(() => {
      this.#sweeping = undefined;
    });
    await this.#sweeping;
  }

  async #once(): Promise<void> {
    const deaths = this.#deaths();
    if (await this.#sweep()) this.#sweptAtDeaths = deaths;
  }
}
