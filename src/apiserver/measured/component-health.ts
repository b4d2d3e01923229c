// What the API server asks for the state of the master's parts, and the ComponentStatus objects made of the answer.
import { type ComponentStatus, componentStatuses } from '../../api/kinds/component-status.ts';
import type { ObjectMeta } from '../../api/objects.ts';
import { apiVersionOf } from '../../api/scheme.ts';

export interface ComponentHealth {
  /** Such as `scheduler`. */
  name: string;
  /** What is wrong with it; left out while it works. */
  problem?: string | undefined;
}

/** Joined in bin/. */
export type ComponentSource = () => readonly ComponentHealth[];

export function componentStatusOf({ name, problem }: ComponentHealth): ComponentStatus {
  const condition = problem
    ? { status: 'False', message: problem, error: problem }
    : { status: 'True', message: 'ok' };
  const { kind } = componentStatuses;
  // As upstream: it has neither uid nor revision, and never came to be.
  const metadata = { name, creationTimestamp: null } as unknown as ObjectMeta;
  const conditions = [{ type: 'Healthy', ...condition } as const];
  return { apiVersion: apiVersionOf(componentStatuses), kind, metadata, conditions };
}
