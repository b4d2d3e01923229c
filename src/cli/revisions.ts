// The revisions that a Deployment (in its ReplicaSets), a DaemonSet or a StatefulSet (in ControllerRevisions) can go
// back to, oldest first, whichever way they are kept.
import type { ControllerRevision, KubeObject, ReplicaSet } from '../api/objects.ts';
import { type Chosen, readObject } from './chosen-objects.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { listObjects } from './list-pages.ts';

const REVISION = 'deployment.kubernetes.io/revision';
const CHANGE_CAUSE = 'kubernetes.io/change-cause';
const HASH_LABEL = 'pod-template-hash';

export interface Revision {
  number: number;
  changeCause: string;
  /** The pod template, as it is to be shown and compared. */
  template: unknown;
  /** What makes the object be of this revision, and how it is sent. */
  patch: { type: 'json' | 'strategic'; body: unknown };
}

/** @throws CliError for kinds without revisions. */
export async function revisionsOf(context: CommandContext, chosen: Chosen): Promise<Revision[]> {
  const { kind } = chosen.resource;
  if (!['Deployment', 'DaemonSet', 'StatefulSet'].includes(kind)) {
    throw new CliError(`no history of a ${kind}: there is one of a deployment, daemonset or statefulset`);
  }
  const { metadata } = await readObject<KubeObject>(context, chosen);
  const keeping = await context.discovery.byName(
    kind === 'Deployment' ? 'replicasets.apps' : 'controllerrevisions.apps',
  );
  const namespace = metadata.namespace ?? context.namespace;
  const all = await listObjects<KubeObject>(context.connection, keeping, { namespace });
  const own = all.filter(({ metadata: { ownerReferences = [] } }) =>
    ownerReferences.some(({ uid, controller }) => controller && uid === metadata.uid),
  );
  const read = kind === 'Deployment' ? ofReplicaSet : ofControllerRevision;
  return own
    .map((object) => read(object as never))
    .filter(({ number }) => number > 0)
    .sort((a, b) => a.number - b.number);
}

const causeOf = ({ metadata }: KubeObject) => metadata.annotations?.[CHANGE_CAUSE] ?? '<none>';

function ofReplicaSet(set: ReplicaSet): Revision {
  const template = structuredClone(set.spec.template ?? {});
  const { [HASH_LABEL]: _, ...labels } = template.metadata?.labels ?? {};
  template.metadata = { ...template.metadata, labels };
  return {
    number: Number(set.metadata.annotations?.[REVISION] ?? 0),
    changeCause: causeOf(set),
    template,
    patch: { type: 'json', body: [{ op: 'replace', path: '/spec/template', value: template }] },
  };
}

function ofControllerRevision(revision: ControllerRevision): Revision {
  const { data } = revision as { data?: { spec?: { template?: object } } };
  // Only of use inside the stored patch: it says that the template is replaced as a whole.
  const { $patch: _, ...template } = (data?.spec?.template ?? {}) as Record<string, unknown>;
  return {
    number: revision.revision,
    changeCause: causeOf(revision),
    template,
    patch: { type: 'strategic', body: data },
  };
}
