// One write's claims on addresses and node ports: takes what is new, gives up what is dropped, and can undo both.

import { invalidValue } from '../../api/field-error.ts';
import { needsHealthCheck } from '../../api/kinds/service-outside-rules.ts';
import type { core, Service } from '../../api/objects.ts';
import { type FieldError, invalid } from '../../api/status-error.ts';
import type { IpFamily } from '../../base/ip.ts';
import type { Reservation } from '../registry/strategy.ts';
import { type AddressAllocators, allocatorOf } from './address-allocator.ts';
import type { NumberAllocator } from './number-allocator.ts';
import { settleFamilies } from './service-families.ts';
import { holdings, isGivenNodePorts, nothingHeld, wantsAddress, wantsNodePorts } from './service-holdings.ts';

const nodePortField = (index: number): string => `spec.ports[${index}].nodePort`;

/** Of addresses of one family, or of ports. */
interface Allocator<T> {
  claim(value: T): boolean;
  release(value: T): void;
  next(): T | undefined;
}

export class ServiceReservation implements Reservation {
  readonly #addresses: AddressAllocators;
  readonly #ports: NumberAllocator;
  readonly #name: string;
  readonly #undo: (() => void)[] = [];

  constructor(addresses: AddressAllocators, ports: NumberAllocator, name: string) {
    this.#addresses = addresses;
    this.#ports = ports;
    this.#name = name;
  }

  undo(): void {
    for (const step of this.#undo.splice(0).reverse()) step();
  }

  /** Writes what it allocates into `next`. */
  takeFor(next: Service, previous: Service | undefined): void {
    const before = previous ? holdings(previous) : nothingHeld;
    if (wantsAddress(next)) this.#takeAddresses(next, previous, before.addresses);
    const after = holdings(next).addresses;
    for (const address of before.addresses) {
      const allocator = allocatorOf(this.#addresses, address);
      if (allocator && !after.has(address)) this.#drop(allocator, address);
    }
    const ports = wantsNodePorts(next) ? this.#nodePorts(next, before.ports) : new Set();
    if (needsHealthCheck(next)) ports.add(this.#healthCheckPort(next.spec, before.ports));
    for (const port of before.ports) if (!ports.has(port)) this.#drop(this.#ports, port);
  }

  #takeAddresses({ spec }: Service, previous: Service | undefined, before: ReadonlySet<string>): void {
    const former = previous && wantsAddress(previous) ? previous.spec : undefined;
    const errors = settleFamilies(spec, former, new Set(this.#addresses.keys()));
    if (errors.length > 0) this.#refuse(errors);
    if (spec.clusterIP === 'None') return;
    const wanted = spec.clusterIPs ?? [];
    const families = (spec.ipFamilies ?? []) as IpFamily[];
    spec.clusterIPs = families.map((family, i) => this.#address(family, wanted[i], before));
    spec.clusterIP = spec.clusterIPs[0];
  }

  #address(family: IpFamily, wanted: string | undefined, before: ReadonlySet<string>): string {
    if (wanted && before.has(wanted)) return wanted;
    const allocator = this.#addresses.get(family);
    if (!allocator) throw new Error(`no addresses of ${family} are given out here`);
    if (!wanted) return this.#take(allocator) ?? this.#refuseAddress('', 'range is full');
    if (!allocator.contains(wanted)) {
      const why = `the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${allocator.range}`;
      return this.#refuseAddress(wanted, why);
    }
    return this.#claim(allocator, wanted)
      ? wanted
      : this.#refuseAddress(wanted, 'provided IP is already allocated');
  }

  #nodePorts(service: Service, before: ReadonlySet<number>): Set<number> {
    const ports = service.spec.ports ?? [];
    const own = new Set<number>();
    for (const [index, port] of ports.entries()) {
      const { nodePort } = port;
      if (!nodePort) continue;
      if (!own.has(nodePort)) this.#claimPort(nodePort, nodePortField(index), before);
      own.add(nodePort);
    }
    if (!isGivenNodePorts(service)) return own;
    for (const port of ports) {
      port.nodePort ||= this.#freePort(port, ports);
      own.add(port.nodePort);
    }
    return own;
  }

  #healthCheckPort(spec: core.ServiceSpec, before: ReadonlySet<number>): number {
    const field = 'spec.healthCheckNodePort';
    if (spec.healthCheckNodePort) this.#claimPort(spec.healthCheckNodePort, field, before);
    else spec.healthCheckNodePort = this.#take(this.#ports) ?? this.#refusePort(field, 0, 'range is full');
    return spec.healthCheckNodePort;
  }

  #claimPort(value: number, field: string, before: ReadonlySet<number>): void {
    if (before.has(value)) return;
    if (!this.#ports.contains(value)) {
      const { range } = this.#ports;
      const why = `provided port is not in the valid range. The range of valid ports is ${range}`;
      this.#refusePort(field, value, why);
    }
    if (!this.#claim(this.#ports, value)) {
      this.#refusePort(field, value, 'provided port is already allocated');
    }
  }

  /** As upstream, the same port under another protocol (DNS) shares its node port. */
  #freePort(port: core.ServicePort, ports: readonly core.ServicePort[]): number {
    const twin = ports.find((p) => p.port === port.port && p.protocol !== port.protocol && p.nodePort);
    return (
      twin?.nodePort ??
      this.#take(this.#ports) ??
      this.#refusePort(nodePortField(ports.indexOf(port)), 0, 'range is full')
    );
  }

  #take<T>(allocator: Allocator<T>): T | undefined {
    const value = allocator.next();
    if (value !== undefined) this.#undo.push(() => allocator.release(value));
    return value;
  }

  #claim<T>(allocator: Allocator<T>, value: T): boolean {
    if (!allocator.claim(value)) return false;
    this.#undo.push(() => allocator.release(value));
    return true;
  }

  #drop<T>(allocator: Allocator<T>, value: T): void {
    allocator.release(value);
    this.#undo.push(() => allocator.claim(value));
  }

  #refuseAddress(address: string, why: string): never {
    const detail = `failed to allocate IP ${address}: ${why}`;
    return this.#refuse([invalidValue('spec.clusterIPs', [address], detail)]);
  }

  #refusePort(field: string, port: number, why: string): never {
    return this.#refuse([invalidValue(field, port, why)]);
  }

  #refuse(errors: readonly FieldError[]): never {
    throw invalid({ group: '', kind: 'Service', name: this.#name }, errors);
  }
}
