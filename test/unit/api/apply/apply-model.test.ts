// Server-side apply against a small model: any sequence of applies, forced applies and updates by several managers
// leaves the object, and who owns what, as the rules say.
import fc from 'fast-check';
import t from 'tap';
import { applyConfig } from '../../../../src/api/apply/apply-config.ts';
import { applyTypeOf } from '../../../../src/api/apply/apply-type.ts';
import { type FieldSet, isMember } from '../../../../src/api/apply/field-set.ts';
import type { FieldOwners, FieldWriter } from '../../../../src/api/apply/managed-fields.ts';
import { trackUpdate } from '../../../../src/api/apply/track-update.ts';
import type { Json, JsonObject } from '../../../../src/api/schema/json.ts';
import { loadSchema } from '../../../../src/api/schema/load-schema.ts';
import { isConflict } from '../../../../src/api/status-error.ts';

const type = applyTypeOf(await loadSchema(), { group: '', version: 'v1', kind: 'Pod' });

/** What one writes: labels (a map) and containers (a list by name) with an image each. */
interface Content {
  labels: Record<string, string>;
  images: Record<string, string>;
}

function toObject({ labels, images }: Content): JsonObject {
  const containers = Object.entries(images).map(([name, image]): Json => ({ name, image }));
  return {
    ...(Object.keys(labels).length > 0 ? { metadata: { labels } } : {}),
    ...(containers.length > 0 ? { spec: { containers } } : {}),
  };
}

/** A cell is what is owned by itself: a label, a container, or a container's image. */
type Cells = Map<string, string>;

function cellsOf({ labels, images }: Content): Cells {
  const cells: Cells = new Map();
  for (const [name, value] of Object.entries(labels)) cells.set(`label ${name}`, value);
  for (const [name, image] of Object.entries(images)) {
    cells.set(`container ${name}`, '');
    cells.set(`container ${name} image`, image);
  }
  return cells;
}

const containerOf = (cell: string) => cell.replace(/ image$/, '');

class Model {
  live: Cells = new Map();
  readonly owners = new Map<string, Set<string>>();

  /** False for a conflict, which changes nothing. */
  apply(manager: string, content: Content, force: boolean): boolean {
    const key = `${manager} Apply`;
    const config = cellsOf(content);
    const last = this.owners.get(key) ?? new Set();
    const isOwned = (cell: string) =>
      config.has(cell) || [...this.owners].some(([other, cells]) => other !== key && cells.has(cell));
    const next = new Map([...this.live, ...config]);
    for (const cell of last) if (!isOwned(cell)) next.delete(cell);
    for (const cell of next.keys()) {
      const container = containerOf(cell);
      if (container !== cell && last.has(container) && !isOwned(container)) next.delete(cell);
    }
    const changed = [...next].filter(([cell, value]) => this.live.get(cell) !== value).map(([cell]) => cell);
    const conflicts = [...this.owners].some(
      ([other, cells]) => other !== key && changed.some((cell) => cells.has(cell)),
    );
    if (conflicts && !force) return false;
    this.#write(key, next, changed);
    this.owners.set(key, new Set(config.keys()));
    return true;
  }

  update(manager: string, content: Content): true {
    const key = `${manager} Update`;
    const next = cellsOf(content);
    const changed = [...next].filter(([cell, value]) => this.live.get(cell) !== value).map(([cell]) => cell);
    this.#write(key, next, changed);
    const mine = this.owners.get(key) ?? new Set();
    this.owners.set(key, new Set([...mine, ...changed].filter((cell) => next.has(cell))));
    return true;
  }

  #write(key: string, next: Cells, changed: readonly string[]): void {
    for (const [other, cells] of this.owners) {
      for (const cell of cells) {
        if (!next.has(cell) || (other !== key && changed.includes(cell))) cells.delete(cell);
      }
    }
    this.live = next;
  }
}

/** The same cells, read from the real object and its owners. */
function liveCells(object: JsonObject): Cells {
  const labels = ((object.metadata as JsonObject | undefined)?.labels ?? {}) as Record<string, string>;
  const containers = ((object.spec as JsonObject | undefined)?.containers ?? []) as JsonObject[];
  const cells: Cells = new Map(Object.entries(labels).map(([name, value]) => [`label ${name}`, value]));
  for (const { name, image } of containers) {
    cells.set(`container ${name}`, '');
    if (image !== undefined) cells.set(`container ${name} image`, String(image));
  }
  return cells;
}

function ownedCells(fields: FieldSet): string[] {
  const labels = Object.entries(fields['f:metadata']?.['f:labels'] ?? {});
  const containers = Object.entries(fields['f:spec']?.['f:containers'] ?? {});
  const named = labels.filter(([name]) => name !== '.').map(([name]) => `label ${name.slice(2)}`);
  const inside = containers.flatMap(([element, node]) => {
    if (element === '.') return [];
    const { name } = JSON.parse(element.slice(2)) as { name: string };
    const self = isMember(node) ? [`container ${name}`] : [];
    return node['f:image'] ? [...self, `container ${name} image`] : self;
  });
  return [...named, ...inside].sort();
}

const names = fc.constantFrom('a', 'b', 'c');
const values = fc.constantFrom('1', '2');
const content: fc.Arbitrary<Content> = fc.record({
  labels: fc.dictionary(names, values, { noNullPrototype: true }),
  images: fc.dictionary(names, values, { noNullPrototype: true }),
});
const step = fc.record({
  manager: fc.constantFrom('ann', 'ben', 'cat'),
  operation: fc.constantFrom('apply', 'force', 'update'),
  content,
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

class Real {
  object: JsonObject = {};
  owners: FieldOwners = new Map();

  run({ manager, operation, content }: Step): boolean {
    const writer: FieldWriter = { manager, operation: operation === 'update' ? 'Update' : 'Apply' };
    const common = { type, owners: this.owners, writer, apiVersion: 'v1', now: '2026-01-01T00:00:00Z' };
    if (operation === 'update') {
      const after = toObject(content);
      this.owners = trackUpdate({ ...common, before: this.object, after });
      this.object = after;
      return true;
    }
    // An object that nobody owns anything of is another case, with a test of its own.
    const owners = this.owners.size > 0 ? this.owners : new Map();
    const live = this.owners.size > 0 ? this.object : {};
    const config = toObject(content);
    try {
      const result = applyConfig({ ...common, owners, live, config, force: operation === 'force' });
      this.object = result.object;
      this.owners = result.owners;
      return true;
    } catch (error) {
      if (!isConflict(error)) throw error;
      return false;
    }
  }
}

t.test('any sequence of writes leaves what the model says', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      const model = new Model();
      const real = new Real();
      for (const each of steps) {
        const { manager, operation } = each;
        if (real.owners.size === 0) model.live = new Map();
        const expected =
          operation === 'update'
            ? model.update(manager, each.content)
            : model.apply(manager, each.content, operation === 'force');
        if (real.run(each) !== expected) return false;
        const sorted = (cells: Cells) => JSON.stringify([...cells].sort());
        if (sorted(liveCells(real.object)) !== sorted(model.live)) return false;
        for (const [key, cells] of model.owners) {
          const [name, kind] = key.split(' ');
          const owner = [...real.owners.values()].find((o) => o.manager === name && o.operation === kind);
          if (ownedCells(owner?.fields ?? {}).join() !== [...cells].sort().join()) return false;
        }
      }
      return true;
    }),
    { numRuns: 2000 },
  );
  t.pass('2000 sequences');
});

t.test('applying again what is applied changes nothing', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 5 }), content, (steps, last) => {
      const real = new Real();
      for (const each of steps) real.run(each);
      real.run({ manager: 'ann', operation: 'force', content: last });
      const before = JSON.stringify([real.object, [...real.owners]]);
      real.run({ manager: 'ann', operation: 'apply', content: last });
      return JSON.stringify([real.object, [...real.owners]]) === before || real.owners.size === 0;
    }),
    { numRuns: 500 },
  );
  t.pass('500 sequences');
});
