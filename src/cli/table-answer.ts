// Tables as the server makes them, so that every kind shows the columns that its server knows.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
import type { meta } from '../api/objects.ts';
import { resourceName } from './command-context.ts';
import type { Resource } from './discovery.ts';

export const TABLE_ACCEPT = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

export interface TableRow {
  cells: unknown[];
  object: { metadata: meta.ObjectMeta };
}

export interface TableAnswer {
  kind: string;
  metadata?: { resourceVersion?: string; continue?: string };
  columnDefinitions?: { name: string; priority: number }[];
  rows?: TableRow[];
}

interface TableLook {
  wide: boolean;
  showNamespace: boolean;
  showLabels: boolean;
  /** `pod/web` instead of `web`: several kinds are shown at once. */
  kindInName: boolean;
}

/** The columns of a table, chosen once, so that rows that come later fit below the first ones. */
export class TableColumns {
  readonly #look: TableLook;
  readonly #resource: Resource;
  readonly #shown: { index: number; name: string }[];

  constructor(answer: TableAnswer, resource: Resource, look: TableLook) {
    this.#look = look;
    this.#resource = resource;
    this.#shown = (answer.columnDefinitions ?? [])
      .map(({ name, priority }, index) => ({ index, name, priority }))
      .filter((column) => look.wide || !column.priority);
  }

  header(): string[] {
    const names = this.#shown.map((column) => column.name.toUpperCase());
    return [
      ...(this.#look.showNamespace ? ['NAMESPACE'] : []),
      ...names,
      ...(this.#look.showLabels ? ['LABELS'] : []),
    ];
  }

  row({ cells, object }: TableRow): string[] {
    const shown = this.#shown.map(({ index, name }) => {
      const text = oneLine(cells[index]);
      return this.#look.kindInName && name === 'Name' ? resourceName(this.#resource, text) : text;
    });
    const labels = Object.entries(object.metadata.labels ?? {}).map(([key, value]) => `${key}=${value}`);
    return [
      ...(this.#look.showNamespace ? [object.metadata.namespace ?? ''] : []),
      ...shown,
      ...(this.#look.showLabels ? [labels.sort().join(',') || '<none>'] : []),
    ];
  }
}

/** What a pod or an event says of itself must not break lines or steer the terminal. */
function oneLine(cell: unknown): string {
  if (cell === null || cell === undefined) return '<none>';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return String(cell).replace(/[\x00-\x1f\x7f]+/g, ' ');
}
