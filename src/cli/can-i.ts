// edgectl auth can-i: whether the server would let you do something.
// https://kubernetes.io/docs/reference/access-authn-authz/authorization/
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { TextTable } from './text-table.ts';

export interface CanIFlags {
  list?: boolean;
  quiet?: boolean;
  subresource?: string;
  allNamespaces?: boolean;
}

interface Review {
  status?: { allowed?: boolean; reason?: string; resourceRules?: Rule[]; nonResourceRules?: Rule[] };
}

interface Rule {
  verbs?: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

function review<T>(context: CommandContext, kind: string, spec: object): Promise<T> {
  const body = { apiVersion: 'authorization.k8s.io/v1', kind, spec };
  const path = `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`;
  return context.connection.json<T>({ method: 'POST', path, body });
}

async function attributes(
  context: CommandContext,
  args: readonly string[],
  flags: CanIFlags,
): Promise<object> {
  const [verb = '', what = '', named] = args;
  if (what.startsWith('/')) return { nonResourceAttributes: { verb, path: what } };
  const [type = '', inType] = what.split('/');
  const resource = type === '*' ? undefined : await context.discovery.byName(type);
  const namespace = flags.allNamespaces || resource?.namespaced === false ? undefined : context.namespace;
  const name = inType ?? named;
  return {
    resourceAttributes: {
      verb,
      group: resource ? resource.group : '*',
      resource: resource?.plural ?? '*',
      ...(flags.subresource ? { subresource: flags.subresource } : {}),
      ...(namespace ? { namespace } : {}),
      ...(name ? { name } : {}),
    },
  };
}

async function list(context: CommandContext): Promise<number> {
  const spec = { namespace: context.namespace };
  const { status } = await review<Review>(context, 'SelfSubjectRulesReview', spec);
  const shown = (words: readonly string[] | undefined) => `[${(words ?? []).join(' ')}]`;
  const rows = [...(status?.resourceRules ?? []), ...(status?.nonResourceRules ?? [])].map((rule) => [
    (rule.resources ?? []).map((one) => withGroup(one, rule.apiGroups?.[0])).join(','),
    shown(rule.nonResourceURLs),
    shown(rule.resourceNames),
    shown(rule.verbs),
  ]);
  const header = ['Resources', 'Non-Resource URLs', 'Resource Names', 'Verbs'];
  await context.io.out(new TextTable().render([header, ...rows]));
  return 0;
}

const withGroup = (resource: string, group: string | undefined) =>
  group ? `${resource}.${group}` : resource;

/** Resolves with 0 for yes and 1 for no. */
export async function canI(context: CommandContext, args: string[], flags: CanIFlags): Promise<number> {
  if (flags.list) return list(context);
  if (args.length < 2) {
    throw new CliError("say what: 'edgectl auth can-i VERB KIND', such as 'can-i delete pods', or --list");
  }
  const spec = await attributes(context, args, flags);
  const { status } = await review<Review>(context, 'SelfSubjectAccessReview', spec);
  const reason = status?.reason && !status.allowed ? ` - ${status.reason}` : '';
  if (!flags.quiet) await context.io.out(`${status?.allowed ? 'yes' : `no${reason}`}\n`);
  return status?.allowed ? 0 : 1;
}
