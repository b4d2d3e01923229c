// Services: each address and node port belongs to one Service at a time, from the write that takes it to the one
// that gives it up. https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/
import { needsHealthCheck } from '../../api/kinds/service-outside-rules.ts';
import type { Service } from '../../api/objects.ts';
import type { Writable } from '../registry/prepare.ts';
import type { Reservation, Strategy } from '../registry/strategy.ts';
import { type AddressAllocators, allocatorOf } from './address-allocator.ts';
import type { NumberAllocator } from './number-allocator.ts';
import {
  alignAddresses,
  dropFormer,
  holdings,
  isGivenNodePorts,
  keepNodePorts,
  wantsAddress,
} from './service-holdings.ts';
import { ServiceReservation } from './service-reservation.ts';

export class ServiceStrategy implements Strategy<Service> {
  readonly #addresses: AddressAllocators;
  readonly #ports: NumberAllocator;

  constructor(addresses: AddressAllocators, ports: NumberAllocator) {
    this.#addresses = addresses;
    this.#ports = ports;
  }

  /** Forgets what is held: the store is about to be read again. */
  clear(): void {
    for (const allocator of this.#addresses.values()) allocator.clear();
    this.#ports.clear();
  }

  /**
   * Takes what a stored Service holds, before anything is served.
   * @returns what it holds that another has already, in words.
   */
  rebuild(service: Service): string[] {
    const { addresses, ports } = holdings(service);
    const clashes: string[] = [];
    for (const address of addresses) {
      if (allocatorOf(this.#addresses, address)?.claim(address) === false) clashes.push(`address ${address}`);
    }
    for (const port of ports) if (!this.#ports.claim(port)) clashes.push(`node port ${port}`);
    return clashes;
  }

  prepareForCreate(next: Writable<Service>): void {
    if (wantsAddress(next)) alignAddresses(next);
    next.status = { loadBalancer: {} };
  }

  /** What an update leaves out stays as it was allocated, as upstream's patchAllocatedValues. */
  prepareForUpdate(next: Service, previous: Service): void {
    const { spec } = next;
    dropFormer(next, previous);
    if (wantsAddress(next)) alignAddresses(next, wantsAddress(previous) ? previous.spec : undefined);
    if (!needsHealthCheck(next)) delete spec.healthCheckNodePort;
    else if (needsHealthCheck(previous)) spec.healthCheckNodePort ??= previous.spec.healthCheckNodePort;
    if (isGivenNodePorts(next) && isGivenNodePorts(previous)) keepNodePorts(spec, previous.spec);
  }

  /** @throws StatusError Invalid: taken, out of range, or none left. */
  reserve(next: Service, previous: Service | undefined): Reservation {
    const reservation = new ServiceReservation(this.#addresses, this.#ports, next.metadata.name);
    try {
      reservation.takeFor(next, previous);
    } catch (error) {
      reservation.undo();
      throw error;
    }
    return reservation;
  }

  release(object: Service): void {
    const { addresses, ports } = holdings(object);
    for (const address of addresses) allocatorOf(this.#addresses, address)?.release(address);
    for (const port of ports) this.#ports.release(port);
  }
}
