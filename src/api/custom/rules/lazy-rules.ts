// The language of validation rules, loaded when the first rule is met: most clusters have none, and boards are small.

import type { Json } from '../../schema/json.ts';
import type { FieldError } from '../../status-error.ts';
import type { SchemaProps } from '../schema-props.ts';

/** What is wrong with `next` beside its rules; `previous` is `undefined` for an object that is new. */
export interface RuleCheck {
  errors(next: Json, previous: Json | undefined): FieldError[];
}

interface RuleLanguage {
  definitionErrors(root: SchemaProps, field: string): FieldError[];
  validator(root: SchemaProps): RuleCheck;
}

/** A write met a rule while the language is not there: load it, and begin the write again. */
class RulesNeeded extends Error {}

export class LazyRules implements RuleLanguage {
  #language: RuleLanguage | undefined;

  /** All that is wrong with the rules of a schema whose path is `field`. */
  definitionErrors(root: SchemaProps, field: string): FieldError[] {
    return this.#loaded().definitionErrors(root, field);
  }

  validator(root: SchemaProps): RuleCheck {
    return this.#loaded().validator(root);
  }

  /** Decisions of the store cannot wait, so a write that meets the first rule is begun twice. */
  async around<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof RulesNeeded)) throw error;
      await this.#load();
      return write();
    }
  }

  #loaded(): RuleLanguage {
    if (!this.#language) throw new RulesNeeded('the language of validation rules is not loaded');
    return this.#language;
  }

  async #load(): Promise<void> {
    const [{ definitionErrors }, { RuleValidator }] = await Promise.all([
      import('./definition-errors.ts'),
      import('./rule-validator.ts'),
    ]);
    this.#language = { definitionErrors, validator: (root) => new RuleValidator(root) };
  }
}
