// The kinds that are served at this moment: those compiled in, and custom ones, which come and go.
import type { KindDefinition } from './scheme.ts';
import { allKinds, measuredKinds } from './scheme-table.ts';
import { versionsOf } from './served-versions.ts';

/** A kind made at run time: its objects are stored as `stored` and reached through `served`, the preferred first. */
export interface CustomKind {
  stored: KindDefinition;
  served: readonly KindDefinition[];
}

export interface GroupVersion {
  group: string;
  version: string;
}

/** What a loop over all kinds needs to know of the custom ones. */
export interface CustomKindSource {
  /** As they are stored. */
  readonly custom: KindDefinition[];
  /** Calls back after every change; returns what ends it. */
  onChange(listener: () => void): () => void;
}

export class ServedKinds implements CustomKindSource {
  readonly #static: readonly KindDefinition[];
  readonly #custom = new Map<string, CustomKind>();
  readonly #listeners = new Set<() => void>();
  #served: readonly KindDefinition[];

  constructor(kinds: readonly KindDefinition[] = [...allKinds, ...measuredKinds]) {
    this.#static = kinds.flatMap(versionsOf);
    this.#served = this.#static;
  }

  /** Every kind in every version, the preferred version of each first. */
  get served(): readonly KindDefinition[] {
    return this.#served;
  }

  /** The custom kinds as they are stored. */
  get custom(): KindDefinition[] {
    return [...this.#custom.values()].map(({ stored }) => stored);
  }

  /** By the parts of a path: `('', 'v1', 'pods')`. */
  byResource(group: string, version: string, plural: string): KindDefinition | undefined {
    return this.#served.find((k) => k.plural === plural && k.group === group && k.version === version);
  }

  of(group: string, version: string): KindDefinition[] {
    return this.#served.filter((kind) => kind.group === group && kind.version === version);
  }

  /** Every group and version, the core group first, a group's preferred version before its others. */
  groupVersions(): GroupVersion[] {
    const seen = new Map<string, GroupVersion>();
    for (const { group, version } of this.#served) seen.set(`${group}/${version}`, { group, version });
    return [...seen.values()];
  }

  /** `name` is that of the definition; a kind that is there is replaced. */
  setCustom(name: string, kind: CustomKind): void {
    this.#custom.set(name, kind);
    this.#changed();
  }

  deleteCustom(name: string): void {
    if (this.#custom.delete(name)) this.#changed();
  }

  /** Calls back after every change of the custom kinds; returns what ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    const custom = [...this.#custom.values()].flatMap(({ served }) => served);
    this.#served = [...this.#static, ...custom];
    for (const listener of this.#listeners) listener();
  }
}
