// Which local port each address of a Service has or had, by one protocol. The kernel leads whoever comes to where its
// rules said last, and a UDP client that keeps talking to where it was led first: so an address gets its port again,
// and nobody else gets it meanwhile, as far as can be.
import { lastingPorts } from './lasting-ports.ts';

interface Address {
  ip: string;
  port: number;
}

interface Mapped extends Address {
  protocol: 'tcp' | 'udp';
  /** 0 = none. */
  localPort: number;
}

/** Some 200 bytes each. */
const MAX_KNOWN = 2_048;

export class LocalPorts {
  readonly #protocol: Mapped['protocol'];
  /** The longest known first. */
  readonly #byAddress = new Map<string, number>();
  readonly #holders = new Map<number, string>();

  constructor(protocol: Mapped['protocol']) {
    this.#protocol = protocol;
  }

  /** `former`: what an earlier agent's rules say. What is known already stays. */
  adopt(former: readonly Mapped[]): void {
    for (const address of former) {
      const { protocol, localPort } = address;
      const isKnown = this.#byAddress.has(idOf(address));
      if (protocol === this.#protocol && localPort > 0 && !isKnown) this.keep(address, localPort);
    }
  }

  /** In the order in which they are to be tried; what comes after them is any that is free and nobody else's. */
  candidates(address: Address): number[] {
    const known = this.#byAddress.get(idOf(address));
    const unknown = this.#protocol === 'udp' ? lastingPorts(address) : [];
    return [
      ...(known === undefined ? [] : [known]),
      ...unknown.filter((port) => port !== known && !this.isAnothers(address, port)),
    ];
  }

  /** Who is led there still may be after another address. */
  isAnothers(address: Address, localPort: number): boolean {
    const holder = this.#holders.get(localPort);
    return holder !== undefined && holder !== idOf(address);
  }

  /** It listens there now. */
  keep(address: Address, localPort: number): void {
    const id = idOf(address);
    this.#forget(id);
    this.#byAddress.set(id, localPort);
    this.#holders.set(localPort, id);
    const [oldest = id] = this.#byAddress.keys();
    if (this.#byAddress.size > MAX_KNOWN) this.#forget(oldest);
  }

  #forget(id: string): void {
    const localPort = this.#byAddress.get(id);
    if (localPort === undefined) return;
    this.#byAddress.delete(id);
    if (this.#holders.get(localPort) === id) this.#holders.delete(localPort);
  }
}

const idOf = ({ ip, port }: Address): string => `${ip} ${port}`;
