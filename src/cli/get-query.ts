// The flags of edgectl get, and the query that they make of a kind.
import type { CommandContext } from './command-context.ts';
import type { Resource } from './discovery.ts';
import type { ListQuery } from './list-pages.ts';

export interface GetFlags {
  output?: string;
  allNamespaces?: boolean;
  selector?: string;
  fieldSelector?: string;
  watch?: boolean;
  /** commander's name for --no-headers */
  headers?: boolean;
  showLabels?: boolean;
  ignoreNotFound?: boolean;
}

/** The query of a target's collection, without its names. */
export function queryOf(context: CommandContext, resource: Resource, flags: GetFlags): ListQuery {
  return {
    ...(resource.namespaced && !flags.allNamespaces ? { namespace: context.namespace } : {}),
    ...(flags.selector ? { labelSelector: flags.selector } : {}),
    ...(flags.fieldSelector ? { fieldSelector: flags.fieldSelector } : {}),
  };
}
