// What every verb works with: the connection, what the server has, and the namespace that the person means.
import type { ApiConnection } from './api-connection.ts';
import type { Discovery, Resource } from './discovery.ts';
import type { Io } from './io.ts';
import type { ClusterAccess } from './kubeconfig.ts';

export interface CommandContext {
  io: Io;
  access: ClusterAccess;
  connection: ApiConnection;
  discovery: Discovery;
  /** From -n, else from the kubeconfig's context. */
  namespace: string;
  /** The namespace of -n, when it was given. */
  explicitNamespace: string | undefined;
}

/** `pod/web-1`, or `deployment.apps/web`: how verbs name what they did. */
export function resourceName(resource: Resource, name: string): string {
  return resource.group ? `${resource.singular}.${resource.group}/${name}` : `${resource.singular}/${name}`;
}

/** The key of an object of this resource in the context's namespace. */
export function keyIn(context: CommandContext, resource: Resource, name: string, namespace?: string): string {
  return resource.namespaced ? `${namespace ?? context.namespace}/${name}` : name;
}
