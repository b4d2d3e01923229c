// One write's claims on addresses and node ports: takes what is new, gives up what is dropped, and can undo both.

import { needsHealthCheck } from '../../api/kinds/service-outside-rules.ts';
import type { core, Service } from '../../api/objects.ts';
import { type FieldError, invalid } from '../../api/status-error.ts';
import { formatIpv4, parseIpv4 } from '../../base/ipv4.ts';
import type { Reservation } from '../registry/strategy.ts';
import type { NumberAllocator } from './number-allocator.ts';
import { type Holdings, isGivenNodePorts, wantsAddress, wantsNodePorts } from './service-holdings.ts';

const nodePortField = (index: number): string => `spec.ports[${index}].nodePort`;

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
    const ports = wantsNodePorts(next) ? this.#nodePorts(next, before.ports) : new Set();
    if (needsHealthCheck(next)) ports.add(this.#healthCheckPort(next.spec, before.ports));
    for (const port of before.ports) if (!ports.has(port)) this.#drop(this.#ports, port);
  }

  #address(spec: core.ServiceSpec, before: number | undefined): number | undefined {
    this.#families(spec);
    const wanted = spec.clusterIP;
    const value = wanted === 'None' ? undefined : this.#chosenAddress(wanted, before);
    spec.clusterIP = value === undefined ? 'None' : formatIpv4(value);
    spec.clusterIPs = [spec.clusterIP];
    return value;
  }

  /**
   * The cluster's Services have IPv4 addresses. A headless Service without a selector has none of its own, so it may
   * speak of both families, and does unless it says otherwise: as upstream (initIPFamilyFields).
   */
  #families(spec: core.ServiceSpec): void {
    const isBare = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
    spec.ipFamilyPolicy ??= isBare ? 'RequireDualStack' : 'SingleStack';
    if (isBare) {
      spec.ipFamilies ??= spec.ipFamilyPolicy === 'SingleStack' ? ['IPv4'] : ['IPv4', 'IPv6'];
      return;
    }
    if (spec.ipFamilyPolicy === 'RequireDualStack') {
      const message = 'this cluster is not configured for dual-stack services';
      this.#refuseField('spec.ipFamilyPolicy', '"RequireDualStack"', message);
    }
    spec.ipFamilies ??= ['IPv4'];
    const foreign = spec.ipFamilies.indexOf('IPv6');
    if (foreign >= 0)
      this.#refuseField(`spec.ipFamilies[${foreign}]`, '"IPv6"', 'not configured on this cluster');
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
      this.#refusePort(field, value, 'provided port is not in the valid range of node ports');
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

  #refusePort(field: string, port: number, why: string): never {
    return this.#refuseField(field, String(port), why);
  }

  #refuseField(field: string, value: string, why: string): never {
    return this.#refuse({ reason: 'FieldValueInvalid', field, message: `Invalid value: ${value}: ${why}` });
  }

  #refuse(error: FieldError): never {
    throw invalid({ group: '', kind: 'Service', name: this.#name }, [error]);
  }
}
