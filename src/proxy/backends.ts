// All backends of a board's proxy, by their id, and what each Service, or pod with host ports, carries in all.
import { Backend } from './backend.ts';
import type { ConnectionRoom } from './connection-room.ts';
import type { BackendPlan, Subject } from './forwarder-plan.ts';
import { type Limit, type ServiceFigures, ServiceLoad } from './service-load.ts';

type Plans = ReadonlyMap<string, BackendPlan>;
/** A client of `subject` was turned away, and what its load is. */
type OnRefused = (subject: Subject, limit: Limit, load: ServiceLoad) => void;

export class Backends {
  readonly #room: ConnectionRoom | undefined;
  readonly #onRefused: OnRefused;
  readonly #backends = new Map<string, Backend>();
  /** By the subject's kind and key. One lives as long as a backend that counts in it, and is bound by its limit. */
  readonly #loads = new Map<string, { subject: Subject; load: ServiceLoad }>();

  /** Without `room` there is any number of connections. */
  constructor(room?: ConnectionRoom, onRefused: OnRefused = () => undefined) {
    this.#room = room;
    this.#onRefused = onRefused;
  }

  /** Returns the endpoints, as `ip:port`, that are gone, by backend. */
  replace(plans: Plans): [string, string[]][] {
    return [...plans.values()].map((plan) => {
      const load = this.#loadOf(plan);
      load.limit(plan.options.maxConnections);
      const backend = this.#backends.get(plan.id) ?? new Backend(load);
      this.#backends.set(plan.id, backend);
      return [plan.id, backend.replace(plan)];
    });
  }

  get(id: string): Backend | undefined {
    return this.#backends.get(id);
  }

  /** Keeps those that are planned, or whose connections live. */
  forgetIdle(plans: Plans, busy: ReadonlySet<string>): void {
    for (const id of this.#backends.keys()) if (!plans.has(id) && !busy.has(id)) this.#backends.delete(id);
    const used = new Set([...this.#backends.values()].map(({ load }) => load));
    for (const [id, { load }] of this.#loads) if (!used.has(load)) this.#loads.delete(id);
  }

  clear(): void {
    this.#backends.clear();
  }

  /** Of Services alone, by `namespace/name`: since this board forwards them. */
  figures(): Map<string, ServiceFigures> {
    const backends = [...this.#backends.values()];
    const services = [...this.#loads.values()].filter(({ subject }) => subject.kind === 'Service');
    return new Map(
      services.map(({ subject, load }) => [
        subject.key,
        { ...load.counters, endpoints: backends.flatMap((b) => (b.load === load ? b.counts : [])) },
      ]),
    );
  }

  #loadOf({ subject }: BackendPlan): ServiceLoad {
    const id = `${subject.kind} ${subject.key}`;
    const known = this.#loads.get(id);
    if (known) {
      known.subject = subject;
      return known.load;
    }
    const load: ServiceLoad = new ServiceLoad(this.#room, (limit) =>
      this.#onRefused(entry.subject, limit, load),
    );
    const entry = { subject, load };
    this.#loads.set(id, entry);
    return load;
  }
}
