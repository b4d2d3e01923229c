// What may still change or refuse a write after the kind's own rules: limits, quotas, service accounts,
// priorities, Pod Security. It holds for every writer, the master's own loops too.
// https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
import type { KubeObject } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import type { Reservation } from '../registry/strategy.ts';

/** Says something to whoever writes; it becomes a Warning header. */
export type Warn = (text: string) => void;

/** All methods are synchronous and throw a StatusError to refuse. */
export interface AdmissionPlugin {
  /** Fills in a new object, after the kind's defaults. */
  prepare?(kind: KindDefinition, next: KubeObject): void;
  /** Looks at a whole, valid object; `previous` is `undefined` for a new one. */
  check?(kind: KindDefinition, next: KubeObject, previous: KubeObject | undefined, warn: Warn): void;
}

/** Counts objects in the very moment in which a write is decided. */
export interface Accounting {
  /**
   * Takes what the write from `previous` to `next` uses more, gives back what it uses less (`undefined` = not
   * there). `enforce` false = counts only. @throws StatusError Forbidden when a quota has not got that much left.
   */
  charge(change: ObjectChange, enforce: boolean): Reservation;
  /** The decided write can be read, or has failed. */
  settled(key: string, next: KubeObject | undefined): void;
}

export interface ObjectChange {
  kind: KindDefinition;
  /** In the store. */
  key: string;
  next: KubeObject | undefined;
  previous: KubeObject | undefined;
}

export class Admission {
  readonly accounting: Accounting;
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[], accounting: Accounting) {
    this.#plugins = plugins;
    this.accounting = accounting;
  }

  prepare(kind: KindDefinition, next: KubeObject): void {
    for (const plugin of this.#plugins) plugin.prepare?.(kind, next);
  }

  check(kind: KindDefinition, next: KubeObject, previous: KubeObject | undefined, warn: Warn): void {
    for (const plugin of this.#plugins) plugin.check?.(kind, next, previous, warn);
  }
}

export const isPods = ({ group, plural }: KindDefinition): boolean => group === '' && plural === 'pods';

export const isClaims = ({ group, plural }: KindDefinition): boolean =>
  group === '' && plural === 'persistentvolumeclaims';
