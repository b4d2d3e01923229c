// Verbs for any object: label, annotate, patch, edit, wait; and for finding out: auth can-i, explain, events.
import type { CanIFlags } from './can-i.ts';
import type { ChoosingFlags } from './chosen-objects.ts';
import type { EventsFlags } from './events.ts';
import type { ExplainFlags } from './explain.ts';
import type { LabelFlags } from './label.ts';
import type { PatchFlags } from './patch.ts';
import { type VerbDefiner, withChoice } from './verb-definer.ts';
import type { WaitFlags } from './wait.ts';

export function defineObjectVerbs(to: VerbDefiner): void {
  withChoice(to.verb('label <words...>', 'change labels: edgectl label pods web-1 tier=front stage-'))
    .option('--overwrite', 'change labels that are there')
    .action(to.run<LabelFlags>(async (...given) => (await import('./label.ts')).label(...given)));
  withChoice(to.verb('annotate <words...>', 'change annotations: edgectl annotate rc web owner=ops'))
    .option('--overwrite', 'change annotations that are there')
    .action(to.run<LabelFlags>(async (...given) => (await import('./label.ts')).annotate(...given)));
  withChoice(
    to.verb('patch [types...]', 'change fields: edgectl patch rc web -p \'{"spec":{"replicas":2}}\''),
  )
    .option('-p, --patch <text>', 'the patch, in JSON or YAML')
    .option('--patch-file <file>', 'the patch in a file')
    .option('--type <type>', 'strategic, merge or json', 'strategic')
    .option('--subresource <name>', 'such as status or scale')
    .action(to.run<PatchFlags>(async (...given) => (await import('./patch.ts')).patch(...given)));
  withChoice(to.verb('edit [types...]', 'change an object in your editor')).action(
    to.run<ChoosingFlags>(async (...given) => (await import('./edit.ts')).edit(...given)),
  );
  withChoice(
    to.verb('wait [types...]', 'until something holds: edgectl wait --for=condition=Ready pod/web-1'),
  )
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('--for <what>', 'delete, condition=NAME[=VALUE] or jsonpath={.field}=VALUE')
    .option('--timeout <duration>', 'how long; 0s = look once', '30s')
    .action(to.run<WaitFlags>(async (...given) => (await import('./wait.ts')).wait(...given)));
  defineFinding(to);
}

function defineFinding(to: VerbDefiner): void {
  const auth = to.verb('auth', 'what you may do');
  to.verb('can-i [words...]', 'edgectl auth can-i delete pods', auth)
    .option('--list', 'all that you may do in the namespace')
    .option('-q, --quiet', 'tell by the exit code alone')
    .option('--subresource <name>', 'such as log')
    .option('-A, --all-namespaces', 'in all namespaces')
    .action(to.run<CanIFlags>(async (...given) => (await import('./can-i.ts')).canI(...given)));
  to.verb('explain <field>', 'tell about the fields of a kind: edgectl explain pod.spec.containers')
    .option('--recursive', 'with all fields below')
    .action(to.run<ExplainFlags>(async (...given) => (await import('./explain.ts')).explain(...given)));
  to.verb('events', 'what has happened, oldest first')
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('--for <object>', 'about one object, such as pod/web-1')
    .option('--types <types>', 'Normal, Warning')
    .option('--no-headers', 'leave out the column names')
    .action(to.run<EventsFlags>(async (...given) => (await import('./events.ts')).events(...given)));
}
