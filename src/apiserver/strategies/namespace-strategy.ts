// Namespaces: closed the moment their deletion is decided, held by `spec.finalizers` until their content is gone.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
import type { Namespace } from '../../api/objects.ts';
import { forbidden } from '../../api/status-error.ts';
import type { NamespaceGate } from '../registry/namespace-gate.ts';
import type { Reservation, Strategy } from '../registry/strategy.ts';

const IMMORTAL = ['default', 'kube-system', 'kube-public'];

export class NamespaceStrategy implements Strategy<Namespace> {
  readonly #gate: NamespaceGate;

  constructor(gate: NamespaceGate) {
    this.#gate = gate;
  }

  prepareForCreate(next: Namespace): void {
    next.spec = { ...next.spec, finalizers: ['kubernetes'] };
    next.status = { phase: 'Active' };
  }

  /** Only `namespaces/finalize` changes the finalizers of the spec. */
  prepareForUpdate(next: Namespace, previous: Namespace): void {
    next.spec = { ...next.spec, finalizers: previous.spec?.finalizers ?? [] };
  }

  reserve(next: Namespace, previous: Namespace | undefined): Reservation {
    if (!previous) this.#gate.open(next.metadata.name);
    return { undo() {} };
  }

  checkDelete(object: Namespace): void {
    const { name } = object.metadata;
    if (IMMORTAL.includes(name)) {
      throw forbidden({ group: '', kind: 'namespaces', name }, 'this namespace may not be deleted');
    }
  }

  prepareForDelete(next: Namespace): void {
    this.#gate.close(next.metadata.name);
    next.status = { ...next.status, phase: 'Terminating' };
  }

  isHeld(object: Namespace): boolean {
    return (object.spec?.finalizers ?? []).length > 0;
  }
}
