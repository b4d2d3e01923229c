// The ReplicationController that a rolling update goes to: from a file, or the old one with another image.
import type { ReplicationController } from '../api/objects.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { readManifests } from './manifests.ts';
import { checkPair, withImage } from './rolling-controllers.ts';

type Controller = ReplicationController;

export interface ImageChoice {
  image: string;
  /** Of which container; needed where there are several. */
  container: string | undefined;
  /** What the new controller is called; by default after the old one and its template. */
  name: string | undefined;
}

/** @throws CliError when the files hold anything but one controller that can stand beside `old`. */
export async function plannedFromFile(
  context: CommandContext,
  old: Controller,
  files: readonly string[],
): Promise<Controller> {
  const [first, ...more] = await readManifests(context.io, files);
  if (!first || more.length > 0)
    throw new CliError(`${files} must hold one ReplicationController and nothing else`);
  const { manifest, source } = first;
  if (manifest.kind !== 'ReplicationController') {
    throw new CliError(`${source} does not specify a valid ReplicationController: it is a ${manifest.kind}`);
  }
  const next = structuredClone(manifest) as unknown as Controller;
  checkPair(old, next, source);
  next.metadata.namespace = old.metadata.namespace ?? context.namespace;
  return next;
}

/**
 * `underWay` is the one that an interrupted update to some image had made.
 * @throws CliError when that update went to another image.
 */
export function plannedFromImage(
  old: Controller,
  underWay: Controller | undefined,
  choice: ImageChoice,
): Controller {
  if (underWay) {
    const images = (underWay.spec.template?.spec?.containers ?? []).map(({ image }) => image);
    if (images.includes(choice.image)) return underWay;
    throw new CliError(
      `an update of ${old.metadata.name} to ${images} is under way: finish it, or undo it with --rollback`,
    );
  }
  const next = withImage(old, choice);
  if (next.metadata.name === old.metadata.name) checkPair(old, next, 'the new name');
  return next as Controller;
}
