// Lets objects be created only in namespaces that exist and stay. It learns of a deletion in the moment it is
// decided, not when it is visible: whatever was let in before has an older revision and is found by the clean-up.
import { namespaces } from '../../api/kinds/namespace.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { forbidden, notFound, StatusError } from '../../api/status-error.ts';
import type { Store } from '../../store/store.ts';
import { storeKey } from './keys.ts';

export class NamespaceGate {
  readonly #store: Store;
  readonly #closed = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
  }

  close(namespace: string): void {
    this.#closed.add(namespace);
  }

  /** The namespace was made (again). */
  open(namespace: string): void {
    this.#closed.delete(namespace);
  }

  /** @throws StatusError NotFound, or Forbidden with cause NamespaceTerminating. */
  admit(kind: KindDefinition, namespace: string, name: string): void {
    const entry = this.#store.get(storeKey(namespaces, undefined, namespace));
    if (!entry) throw notFound({ group: '', kind: 'namespaces', name: namespace });
    if (entry.value.metadata.deletionTimestamp || this.#closed.has(namespace)) {
      throw terminating(kind, namespace, name);
    }
  }
}

function terminating(kind: KindDefinition, namespace: string, name: string): StatusError {
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const error = forbidden({ group: kind.group, kind: kind.plural, name }, why);
  const message = `namespace ${namespace} is being terminated`;
  return new StatusError(error.code, error.reason, error.message, {
    ...error.details,
    causes: [{ reason: 'NamespaceTerminating', message, field: 'metadata.namespace' }],
  });
}
