// What `kubectl get nodes` shows. Source: pkg/printers/internalversion/printers.go printNode
import { ageColumn, column, listed, nameColumn, wideColumn } from '../columns.ts';
import { findCondition } from '../conditions.ts';
import type { Node } from '../objects.ts';
import type { Column } from '../scheme.ts';

const ROLE_PREFIX = 'node-role.kubernetes.io/';
const ROLE_LABEL = 'kubernetes.io/role';

/** `Ready`, `NotReady` or `Unknown`, with `,SchedulingDisabled` on a cordoned node. */
function nodeStatusText(node: Node): string {
  const ready = findCondition(node.status?.conditions, 'Ready');
  const state = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown';
  return node.spec.unschedulable ? `${state},SchedulingDisabled` : state;
}

export function nodeRoles(node: Node): string[] {
  const labels = node.metadata.labels ?? {};
  const roles = Object.keys(labels)
    .filter((key) => key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length)
    .map((key) => key.slice(ROLE_PREFIX.length));
  if (labels[ROLE_LABEL]) roles.push(labels[ROLE_LABEL]);
  return [...new Set(roles)].sort();
}

const addressText = (node: Node, type: string) =>
  node.status?.addresses?.find((address) => address.type === type)?.address ?? '<none>';

export const nodeColumns: readonly Column<Node>[] = [
  nameColumn,
  column('Status', 'The status of the node.', nodeStatusText),
  column('Roles', 'The roles of the node.', (node) => listed(nodeRoles(node))),
  ageColumn,
  column(
    'Version',
    'Version of the agent on the node.',
    (node) => node.status?.nodeInfo?.kubeletVersion ?? '',
  ),
  wideColumn('Internal-IP', 'Address of the node in its network.', (node) => addressText(node, 'InternalIP')),
  wideColumn('External-IP', 'Address of the node outside its network.', (node) =>
    addressText(node, 'ExternalIP'),
  ),
  wideColumn(
    'OS-Image',
    'Operating system of the node.',
    (node) => node.status?.nodeInfo?.osImage || '<unknown>',
  ),
  wideColumn(
    'Kernel-Version',
    'Kernel of the node.',
    (node) => node.status?.nodeInfo?.kernelVersion || '<unknown>',
  ),
  wideColumn(
    'Container-Runtime',
    'What runs the containers, and its version.',
    (node) => node.status?.nodeInfo?.containerRuntimeVersion || '<unknown>',
  ),
];
