// Verbs for boards: cordon, uncordon, drain, taint.
import type { CordonFlags } from './cordon.ts';
import type { DrainFlags } from './drain.ts';
import type { TaintFlags } from './taint.ts';
import { type VerbDefiner, withDryRun } from './verb-definer.ts';

export function defineNodeVerbs(to: VerbDefiner): void {
  const choice = ['-l, --selector <labels>', 'all nodes that carry these labels'] as const;
  withDryRun(to.verb('cordon [nodes...]', 'let a board take no new pods'))
    .option(...choice)
    .action(to.run<CordonFlags>(async (...given) => (await import('./cordon.ts')).cordon(...given)));
  withDryRun(to.verb('uncordon [nodes...]', 'let a board take pods again'))
    .option(...choice)
    .action(to.run<CordonFlags>(async (...given) => (await import('./cordon.ts')).uncordon(...given)));
  withDryRun(to.verb('drain [nodes...]', 'move all pods off a board, as its upgrade needs'))
    .option(...choice)
    .option('--ignore-daemonsets', 'leave the pods of DaemonSets')
    .option('--delete-emptydir-data', 'also pods whose emptyDir is lost with them')
    .option('--force', 'also pods that nobody makes anew')
    .option('--grace-period <seconds>', "time for containers to end; -1 = each pod's own", '-1')
    .option('--timeout <duration>', 'for all of it; 0s = as long as it takes', '0s')
    .option('--pod-selector <labels>', 'only pods with these labels')
    .option('--disable-eviction', 'delete instead of asking the disruption budgets')
    .option('--wait-for-completion', 'let pods of Jobs end by themselves, and wait for it')
    .action(to.run<DrainFlags>(async (...given) => (await import('./drain.ts')).drain(...given)));
  to.verb('taint <words...>', 'keep pods off a board: edgectl taint nodes pi-1 use=camera:NoSchedule')
    .option(...choice)
    .option('--all', 'all nodes')
    .option('--overwrite', 'change taints that are there')
    .action(to.run<TaintFlags>(async (...given) => (await import('./taint.ts')).taint(...given)));
}
