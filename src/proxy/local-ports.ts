// Which local port each UDP address of a Service has or had: the kernel leads a client that keeps talking to where it
// was led first, so an address gets its port again, and nobody else gets it meanwhile, as far as can be.
import { lastingPorts } from './lasting-ports.ts';

interface Address {
  ip: string;
  port: number;
}

interface Mapped extends Address {
  protocol: 'tcp' | 'udp';
  localPort: number;
}

/** Some 100 bytes each. */
const MAX_KNOWN = 2_048;

export class LocalPorts {
  /** The longest known first. */
  readonly #byAddress = new Map<string, number>();

  /** `former`: what an earlier agent's rules say. What is known already stays. */
  adopt(former: readonly Mapped[]): void {
    for (const address of former)
      if (address.protocol === 'udp' && !this.#byAddress.has(idOf(address)))
        this.keep(address, address.localPort);
  }

  /** In the order in which they are to be tried; what comes after them is any that is free. */
  candidates(address: Address): number[] {
    const known = this.#byAddress.get(idOf(address));
    const ofOthers = new Set(this.#byAddress.values());
    const unknown = lastingPorts(address).filter((port) => !ofOthers.has(port));
    return known === undefined ? unknown : [known, ...unknown];
  }

  /** It listens there now. */
  keep(address: Address, localPort: number): void {
    this.#byAddress.set(idOf(address), localPort);
    if (this.#byAddress.size <= MAX_KNOWN) return;
    for (const oldest of this.#byAddress.keys()) {
      this.#byAddress.delete(oldest);
      return;
    }
  }
}

const idOf = ({ ip, port }: Address): string => `${ip} ${port}`;
