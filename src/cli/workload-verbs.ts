// Verbs that change what runs: rolling-update, stop, rollout, set image, autoscale, expose, run.
import type { AutoscaleFlags } from './autoscale.ts';
import type { ChoosingFlags } from './chosen-objects.ts';
import type { ExposeFlags } from './expose.ts';
import type { RollingUpdateFlags } from './rolling-update.ts';
import type { RolloutFlags } from './rollout.ts';
import type { RunFlags } from './run.ts';
import type { StopFlags } from './stop.ts';
import { type VerbDefiner, withChoice, withDryRun } from './verb-definer.ts';

export function defineWorkloadVerbs(to: VerbDefiner): void {
  defineRollingUpdate(to);
  defineRollout(to);
  withChoice(to.verb('stop [types...]', 'let pods end, then delete what made them: edgectl stop rc web'))
    .option('--grace-period <seconds>', 'time for containers to end by themselves')
    .option('--timeout <duration>', 'how long to wait for pods to end; 0s = as long as it takes', '0s')
    .action(to.run<StopFlags>(async (...given) => (await import('./stop.ts')).stop(...given)));
  const set = to.verb('set', 'change a part of what there is');
  withChoice(
    to.verb('image [words...]', 'edgectl set image deployment/web web=example.com/web:2', set),
  ).action(to.run<ChoosingFlags>(async (...given) => (await import('./set-image.ts')).setImage(...given)));
  defineCreating(to);
}

function defineRollingUpdate(to: VerbDefiner): void {
  to.verb(
    'rolling-update <old> [new]',
    'replace a replication controller pod by pod: edgectl rolling-update web --image=example.com/web:2',
  )
    .option('-f, --filename <file...>', 'the new ReplicationController')
    .option('--image <image>', 'the same one with this image; it gets the old name in the end')
    .option('--container <name>', 'whose image, where a pod has several containers')
    .option('--update-period <duration>', 'time between two pods', '1m0s')
    .option('--poll-interval <duration>', 'time between two looks', '3s')
    .option('--timeout <duration>', 'how long one pod may take', '5m0s')
    .option('--rollback', 'undo an update that is under way')
    .option('--dry-run', 'show both controllers and change nothing')
    .action(
      to.run<RollingUpdateFlags>(async (...given) =>
        (await import('./rolling-update.ts')).rollingUpdate(...given),
      ),
    );
}

function defineRollout(to: VerbDefiner): void {
  const rollout = to.verb('rollout', 'watch, undo or hold up how a deployment comes to its newest form');
  const verb = (name: string, description: string) =>
    withChoice(to.verb(`${name} <types...>`, description, rollout));
  verb('status', 'follow it to its end: edgectl rollout status deployment/web')
    .option('-w, --watch [bool]', 'false: only how it stands', (value) => value !== 'false')
    .option('--timeout <duration>', 'how long to wait; 0s = as long as it takes', '0s')
    .action(to.run<RolloutFlags>(async (...given) => (await import('./rollout.ts')).rolloutStatus(...given)));
  verb('history', 'list the revisions')
    .option('--revision <number>', 'show this one')
    .action(
      to.run<RolloutFlags>(async (...given) => (await import('./rollout.ts')).rolloutHistory(...given)),
    );
  withDryRun(verb('undo', 'go back to an earlier revision'))
    .option('--to-revision <number>', 'which; 0 = the one before', '0')
    .action(to.run<RolloutFlags>(async (...given) => (await import('./rollout.ts')).rolloutUndo(...given)));
  verb('pause', 'hold it up').action(
    to.run<RolloutFlags>(async (...given) => (await import('./rollout.ts')).rolloutPause(...given)),
  );
  verb('resume', 'let it go on').action(
    to.run<RolloutFlags>(async (...given) => (await import('./rollout.ts')).rolloutResume(...given)),
  );
  verb('restart', 'replace every pod by a new one').action(
    to.run<RolloutFlags>(async (...given) => (await import('./rollout.ts')).rolloutRestart(...given)),
  );
}

function defineCreating(to: VerbDefiner): void {
  withDryRun(
    withChoice(
      to.verb('autoscale [types...]', 'let load decide how many run: edgectl autoscale rc web --max=5'),
    ),
  )
    .option('--min <count>', 'never fewer')
    .option('--max <count>', 'never more')
    .option('--cpu-percent <percent>', 'of what is requested, on average')
    .option('--name <name>', 'of the autoscaler; that of its target unless given')
    .option('-o, --output <format>', 'json, yaml or name')
    .action(to.run<AutoscaleFlags>(async (...given) => (await import('./autoscale.ts')).autoscale(...given)));
  withDryRun(
    withChoice(to.verb('expose [types...]', 'put a service in front: edgectl expose rc web --port=80')),
  )
    .option('--port <port>', 'where the service listens')
    .option('--target-port <port>', 'number or name of the port in the pods')
    .option('--protocol <protocol>', 'TCP or UDP', 'TCP')
    .option('--type <type>', 'ClusterIP, NodePort or LoadBalancer')
    .option('--name <name>', 'of the service')
    .option('--cluster-ip <address>', 'a fixed one, or None')
    .option('--session-affinity <how>', 'None or ClientIP')
    .option('-o, --output <format>', 'json, yaml or name')
    .action(to.run<ExposeFlags>(async (...given) => (await import('./expose.ts')).expose(...given)));
  withDryRun(to.verb('run <name> [words...]', 'start one pod: edgectl run web --image=example.com/web:1'))
    .option('--image <image>', 'what it runs')
    .option('--env <pair...>', 'environment variables, KEY=VALUE each')
    .option('--labels <pairs>', 'KEY=VALUE with commas between them')
    .option('--port <port>', 'that the container listens on')
    .option('--expose', 'with a service in front')
    .option('--restart <policy>', 'Always, OnFailure or Never', 'Always')
    .option('--command', 'the words after -- are the command, not its arguments')
    .option('--image-pull-policy <policy>', 'Always, IfNotPresent or Never')
    .option('-o, --output <format>', 'json, yaml or name')
    .action(to.run<RunFlags>(async (...given) => (await import('./run.ts')).run(...given)));
}
