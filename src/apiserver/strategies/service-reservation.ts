// One write's claims on addresses and node ports: takes what is new, gives up what is dropped, and can undo both.
import type { core, Service } from '../../api/objects.ts';
import { type FieldError, invalid } from '../../api/status-error.ts';
import { formatIpv4, parseIpv4 } from '../../base/ipv4.ts';
import type { Reservation } from '../registry/strategy.ts';
import type { NumberAllocator } from './number-allocator.ts';
import { type Holdings, wantsAddress, wantsNodePorts } from './service-holdings.ts';

export class ServiceReservation implements Reservation {
  readonly #addresses: NumberAllocator;
  readonly #ports: NumberAllocator;
  readonly #name: string;
  readonly #undo: (() => void)[] = [];

  constructor(addresses: NumberAllocator, ports: NumberAllocator, name: string) {
    this.#addresses = addresses;
    this.#ports = ports;
    this.#name = name;
  }

  undo(): void {
    for (const step of this.#undo.splice(0).reverse()) step();
  }

  /** Writes what it allocates into `next`. */
  takeFor(next: Service, before: Holdings): void {
    const address = wantsAddress(next) ? this.#address(next.spec, before.address) : undefined;
    if (before.address !== undefined && before.address !== address)
      this.#drop(this.#addresses, before.address);
    const ports = wantsNodePorts(next) ? this.#nodePorts(next.spec.ports ?? [], before.ports) : new Set();
    for (const port of before.ports) if (!ports.has(port)) this.#drop(this.#ports, port);
  }

  #address(spec: core.ServiceSpec, before: number | undefined): number | undefined {
    spec.ipFamilyPolicy ??= 'SingleStack';
    spec.ipFamilies ??= ['IPv4'];
    const wanted = spec.clusterIP;
    const value = wanted === 'None' ? undefined : this.#chosenAddress(wanted, before);
    spec.clusterIP = value === undefined ? 'None' : formatIpv4(value);
    spec.clusterIPs = [spec.clusterIP];
    return value;
  }

  #chosenAddress(wanted: string | undefined, before: number | undefined): number {
    if (!wanted) return this.#take(this.#addresses) ?? this.#refuseAddress('', 'range is full');
    const value = parseIpv4(wanted);
    if (value !== undefined && value === before) return value;
    if (value === undefined || !this.#addresses.contains(value)) {
      return this.#refuseAddress(wanted, 'the provided IP is not in the valid range of Services');
    }
    return this.#claim(this.#addresses, value)
      ? value
      : this.#refuseAddress(wanted, 'provided IP is already allocated');
  }

  #nodePorts(ports: readonly core.ServicePort[], before: ReadonlySet<number>): Set<number> {
    const own = new Set<number>();
    for (const [index, port] of ports.entries()) {
      if (port.nodePort) this.#claimPort(port.nodePort, index, before, own);
    }
    for (const port of ports) {
      port.nodePort ||= this.#freePort(port, ports);
      own.add(port.nodePort);
    }
    return own;
  }

  #claimPort(value: number, index: number, before: ReadonlySet<number>, own: Set<number>): void {
    if (before.has(value) || own.has(value)) return;
    if (!this.#ports.contains(value)) {
      this.#refusePort(index, value, 'provided port is not in the valid range of node ports');
    }
    if (!this.#claim(this.#ports, value))
      this.#refusePort(index, value, 'provided port is already allocated');
    own.add(value);
  }

  /** As upstream, the same port under another protocol (DNS) shares its node port. */
  #freePort(port: core.ServicePort, ports: readonly core.ServicePort[]): number {
    const twin = ports.find((p) => p.port === port.port && p.protocol !== port.protocol && p.nodePort);
    return (
      twin?.nodePort ?? this.#take(this.#ports) ?? this.#refusePort(ports.indexOf(port), 0, 'range is full')
    );
  }

  #take(allocator: NumberAllocator): number | undefined {
    const value = allocator.next();
    if (value !== undefined) this.#undo.push(() => allocator.release(value));
    return value;
  }

  #claim(allocator: NumberAllocator, value: number): boolean {
    if (!allocator.claim(value)) return false;
    this.#undo.push(() => allocator.release(value));
    return true;
  }

  #drop(allocator: NumberAllocator, value: number): void {
    allocator.release(value);
    this.#undo.push(() => allocator.claim(value));
  }

  #refuseAddress(address: string, why: string): never {
    const message = `Invalid value: ${JSON.stringify([address])}: failed to allocate IP ${address}: ${why}`;
    return this.#refuse({ reason: 'FieldValueInvalid', field: 'spec.clusterIPs', message });
  }

  #refusePort(index: number, port: number, why: string): never {
    const field = `spec.ports[${index}].nodePort`;
    return this.#refuse({ reason: 'FieldValueInvalid', field, message: `Invalid value: ${port}: ${why}` });
  }

  #refuse(error: FieldError): never {
    throw invalid({ group: '', kind: 'Service', name: this.#name }, [error]);
  }
}
