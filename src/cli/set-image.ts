// edgectl set image: CONTAINER=IMAGE in the pod template of whatever has one; `*` means every container.
import type { core, KubeObject } from '../api/objects.ts';
import { type ChoosingFlags, type Chosen, chooseObjects, patchObject, readObject } from './chosen-objects.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, resourceName } from './command-context.ts';
import { assignments } from './flag-values.ts';
import { eachOf } from './outcome.ts';

interface Templated extends KubeObject {
  spec?: core.PodSpec & {
    template?: core.PodTemplateSpec;
    jobTemplate?: { spec?: { template?: core.PodTemplateSpec } };
  };
}

/** Where the kind keeps its pod spec. */
function podSpecOf(
  kind: string,
  { spec }: Templated,
): { podSpec?: core.PodSpec | undefined; wrap(body: object): object } {
  if (kind === 'Pod') return { podSpec: spec, wrap: (body) => ({ spec: body }) };
  if (kind === 'CronJob') {
    return {
      podSpec: spec?.jobTemplate?.spec?.template?.spec,
      wrap: (body) => ({ spec: { jobTemplate: { spec: { template: { spec: body } } } } }),
    };
  }
  return { podSpec: spec?.template?.spec, wrap: (body) => ({ spec: { template: { spec: body } } }) };
}

async function setOne(
  context: CommandContext,
  chosen: Chosen,
  images: ReadonlyMap<string, string>,
): Promise<void> {
  const { podSpec, wrap } = podSpecOf(chosen.resource.kind, await readObject<Templated>(context, chosen));
  const name = resourceName(chosen.resource, chosen.name);
  if (!podSpec) throw new CliError(`${name} has no pod template`);
  const unknown = [...images.keys()].find(
    (wanted) =>
      wanted !== '*' &&
      ![...podSpec.containers, ...(podSpec.initContainers ?? [])].some((c) => c.name === wanted),
  );
  if (unknown) throw new CliError(`unable to find container named "${unknown}" in ${name}`);
  const changed = (containers: readonly core.Container[] = []) =>
    containers.flatMap((container) => {
      const image = images.get(container.name) ?? images.get('*');
      return image === undefined || image === container.image ? [] : [{ name: container.name, image }];
    });
  const containers = changed(podSpec.containers);
  const initContainers = changed(podSpec.initContainers);
  if (containers.length + initContainers.length === 0) return;
  const body = wrap({
    ...(containers.length > 0 ? { containers } : {}),
    ...(initContainers.length > 0 ? { initContainers } : {}),
  });
  await patchObject(context, chosen, { type: 'strategic', body });
  await context.io.out(`${name} image updated\n`);
}

/** Resolves with the exit code. */
export async function setImage(
  context: CommandContext,
  args: string[],
  flags: ChoosingFlags,
): Promise<number> {
  const images = new Map<string, string>();
  for (const [name, image] of assignments(
    args.filter((arg) => arg.includes('=')),
    'images',
  )) {
    if (!image) throw new CliError(`container "${name}" needs an image, such as ${name}=example.com/web:2`);
    images.set(name, image);
  }
  if (images.size === 0) throw new CliError('say which image, such as web=example.com/web:2');
  const chosen = await chooseObjects(
    context,
    args.filter((arg) => !arg.includes('=')),
    flags,
  );
  return eachOf(context.io, chosen, (one) => setOne(context, one, images));
}
