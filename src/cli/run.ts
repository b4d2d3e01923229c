// edgectl run: one pod of an image, and at will a Service in front of it.
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { type CreatingFlags, createObject } from './create-object.ts';
import { assignments, countFlag } from './flag-values.ts';

export interface RunFlags extends CreatingFlags {
  image?: string;
  env?: string[];
  labels?: string;
  port?: string;
  expose?: boolean;
  restart: string;
  command?: boolean;
  imagePullPolicy?: string;
}

function pairs(words: readonly string[], what: string): Record<string, string> {
  const entries = [...assignments(words, what)];
  const removal = entries.find(([, value]) => value === null);
  if (removal) throw new CliError(`${what} are given as KEY=VALUE: "${removal[0]}" has no value`);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Resolves with the exit code. */
export async function run(context: CommandContext, args: string[], flags: RunFlags): Promise<number> {
  const [name = '', ...words] = args;
  if (!flags.image) throw new CliError('--image=IMAGE is needed: say what the pod shall run');
  if (!['Always', 'OnFailure', 'Never'].includes(flags.restart)) {
    throw new CliError(`--restart takes Always, OnFailure or Never, not "${flags.restart}"`);
  }
  const port = countFlag(flags.port, '--port', 1);
  if (flags.expose && port === undefined) throw new CliError('--port must be set when exposing a service');
  const env = Object.entries(pairs(flags.env ?? [], 'environment variables')).map(([key, value]) => ({
    name: key,
    value,
  }));
  const container = {
    name,
    image: flags.image,
    ...(words.length > 0 ? { [flags.command ? 'command' : 'args']: words } : {}),
    ...(env.length > 0 ? { env } : {}),
    ...(port === undefined ? {} : { ports: [{ containerPort: port }] }),
    ...(flags.imagePullPolicy ? { imagePullPolicy: flags.imagePullPolicy } : {}),
  };
  const labels = flags.labels ? pairs(flags.labels.split(','), 'labels') : { run: name };
  const spec = { containers: [container], restartPolicy: flags.restart };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec };
  if (flags.expose) {
    const ports = [{ port, protocol: 'TCP', targetPort: port }];
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: labels, ports },
    };
    await createObject(context, service, flags, 'created');
  }
  await createObject(context, pod, flags, 'created');
  return 0;
}
