// Resources that only the cluster's people know of, such as dongles on a board: a Node's status names how many there
// are.
// https://kubernetes.io/docs/tasks/administer-cluster/extended-resource-node/

/** Those of a capacity. Names without a domain, and those of kubernetes.io, are the board's own to tell. */
export function extendedResources(
  capacity: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const own = (name: string) => !name.includes('/') || name.includes('kubernetes.io/');
  return Object.fromEntries(Object.entries(capacity ?? {}).filter(([name]) => !own(name)));
}
