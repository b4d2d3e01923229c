// The edgectl command line: what can be asked, and how each verb is reached. Verbs are loaded when they are run,
// so that starting stays quick on a small board.
import { Command, CommanderError } from 'commander';
import type { ApiResourcesFlags } from './api-resources.ts';
import type { ApplyFlags } from './apply.ts';
import { errorLine } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import type { CpFlags } from './cp.ts';
import type { DeleteFlags } from './delete.ts';
import type { DescribeFlags } from './describe.ts';
import type { Check, DoctorFlags } from './doctor.ts';
import type { AttachFlags } from './exec.ts';
import type { GetFlags } from './get-query.ts';
import type { Io } from './io.ts';
import type { LogsFlags } from './logs.ts';
import { defineNodeVerbs } from './node-verbs.ts';
import { defineObjectVerbs } from './object-verbs.ts';
import type { PortForwardFlags } from './port-forward.ts';
import type { ScaleFlags } from './scale.ts';
import type { TokenFlags } from './token-create.ts';
import type { TopFlags } from './top.ts';
import type { Run, VerbDefiner } from './verb-definer.ts';
import type { VersionFlags } from './version.ts';
import { defineWorkloadVerbs } from './workload-verbs.ts';

/** Flags that every verb takes. */
export interface GlobalFlags {
  kubeconfig?: string;
  context?: string;
  namespace?: string;
}

export interface ProgramOptions {
  io: Io;
  /** This program's own version, such as `0.1.0`. */
  version: string;
  connect(flags: GlobalFlags): Promise<CommandContext>;
  /** Looks at the board that this program runs on. */
  examine(dataDir?: string): Promise<Check[]>;
}

class Edgectl {
  readonly #options: ProgramOptions;
  readonly #program = new Command('edgectl');
  #exitCode = 0;

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  async run(args: readonly string[]): Promise<number> {
    const { io } = this.#options;
    const output: Promise<void>[] = [];
    this.#program.exitOverride().configureOutput({
      writeOut: (text) => void output.push(io.out(text)),
      writeErr: (text) => io.err(text.trimEnd()),
      outputError: (text, write) => write(`${text.trim()}: see 'edgectl --help' or 'edgectl help VERB'`),
    });
    this.#define();
    try {
      await this.#program.parseAsync(splitShortFlags(args), { from: 'user' });
    } catch (error) {
      this.#exitCode = this.#fail(error);
    }
    await Promise.all(output);
    return this.#exitCode;
  }

  /** commander has told its own errors already. */
  #fail(error: unknown): number {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    this.#options.io.err(errorLine(error));
    return 1;
  }

  #define(): void {
    this.#program
      .description('Talks to an edge-cluster, or to any other Kubernetes API server.')
      .option('--kubeconfig <file>', 'which cluster, and who you are there')
      .option('--context <name>', 'context of the kubeconfig')
      .option('-n, --namespace <name>', 'namespace to work in')
      .configureHelp({ showGlobalOptions: true })
      .helpCommand('help [verb]', 'tell more about a verb')
      .showSuggestionAfterError(false);
    this.#defineReading();
    this.#defineFigures();
    this.#defineWriting();
    this.#defineInside();
    const definer: VerbDefiner = {
      verb: (usage, description, parent) => this.#verb(usage, description, parent),
      run: (run) => this.#run(run),
    };
    defineWorkloadVerbs(definer);
    defineNodeVerbs(definer);
    defineObjectVerbs(definer);
    this.#defineRest();
  }

  #defineReading(): void {
    this.#verb(
      'get <types...>',
      'show what there is: edgectl get pods,svc · get pod web · get pod/web rc/web',
    )
      .option('-o, --output <format>', 'wide, json, yaml or name')
      .option('-A, --all-namespaces', 'in all namespaces')
      .option('-l, --selector <labels>', 'only what carries these labels, such as app=web')
      .option('--field-selector <fields>', 'only what has these fields, such as status.phase=Running')
      .option('-w, --watch', 'go on with every change')
      .option('--no-headers', 'leave out the column names')
      .option('--show-labels', 'add a column with the labels')
      .option('--ignore-not-found', 'say nothing when a named object is not there')
      .action(this.#run<GetFlags>(async (...given) => (await import('./get.ts')).get(...given)));
    this.#verb('describe <types...>', 'tell all about an object, with its events: edgectl describe pod web')
      .option('-A, --all-namespaces', 'in all namespaces')
      .option('-l, --selector <labels>', 'all that carry these labels')
      .option('--show-events <bool>', 'false leaves out the events')
      .action(
        this.#run<DescribeFlags>(async (...given) => (await import('./describe.ts')).describe(...given)),
      );
    this.#verb('logs <pod> [container]', 'print what a container wrote: edgectl logs -f web-x7k2p')
      .option('-f, --follow', 'go on with what it writes')
      .option('-c, --container <name>', 'which container of the pod')
      .option('--all-containers', 'all containers, one after the other')
      .option('--tail <lines>', 'only the last lines')
      .option('-p, --previous', 'of the run before the last restart')
      .option('--timestamps', 'put the time before each line')
      .option('--since <duration>', 'only what is newer than this, such as 5m')
      .option('--since-time <time>', 'only what is newer than this RFC 3339 time')
      .option('--limit-bytes <bytes>', 'at most this much')
      .action(this.#run<LogsFlags>(async (...given) => (await import('./logs.ts')).logs(...given)));
  }

  #defineFigures(): void {
    this.#verb('top <what> [name]', 'show what nodes or pods use: edgectl top nodes · top pods --containers')
      .option('-A, --all-namespaces', 'pods in all namespaces')
      .option('-l, --selector <labels>', 'only what carries these labels, such as app=web')
      .option('--containers', 'each container of the pods')
      .option('--sort-by <resource>', 'cpu or memory: the largest first')
      .option('--no-headers', 'leave out the column names')
      .action(this.#run<TopFlags>(async (...given) => (await import('./top.ts')).top(...given)));
  }

  #defineWriting(): void {
    this.#verb('apply', 'make the cluster hold what files say: edgectl apply -f web.yaml')
      .requiredOption('-f, --filename <file...>', 'file, folder, or - for standard input; may be repeated')
      .option('-R, --recursive', 'also folders below a folder')
      .option('--validate <how>', 'strict, warn or ignore unknown fields', 'strict')
      .option('--dry-run <how>', 'server: check everything there and change nothing')
      .action(
        this.#run<ApplyFlags>(async (context, _args, flags) =>
          (await import('./apply.ts')).apply(context, flags),
        ),
      );
    this.#verb(
      'delete [types...]',
      'remove objects: edgectl delete rc web · delete -f web.yaml · delete pods -l app=web',
    )
      .option('-f, --filename <file...>', 'the objects in these files')
      .option('-R, --recursive', 'also folders below a folder')
      .option('-l, --selector <labels>', 'all that carry these labels')
      .option('--all', 'all of the kind in the namespace')
      .option(
        '--cascade <how>',
        'what becomes of what they own: background, orphan or foreground',
        'background',
      )
      .option('--grace-period <seconds>', 'time for containers to end by themselves')
      .option('--now', 'the same as --grace-period=1')
      .option('--force', 'remove at once, without word from the board')
      .option('--no-wait', 'do not wait until they are gone')
      .option('--wait [bool]', 'wait until they are gone (the default)', (value) => value !== 'false')
      .option('--timeout <duration>', 'how long to wait; 0s = as long as it takes', '0s')
      .option('--ignore-not-found', 'it is fine when they are not there')
      .option('-o, --output <format>', 'name: print names only')
      .action(
        this.#run<DeleteFlags>(async (...given) => (await import('./delete.ts')).deleteObjects(...given)),
      );
    this.#verb('scale <types...>', 'set how many replicas run: edgectl scale rc web --replicas=3')
      .requiredOption('--replicas <count>', 'how many')
      .option('--current-replicas <count>', 'only if there are so many now')
      .action(this.#run<ScaleFlags>(async (...given) => (await import('./scale.ts')).scale(...given)));
  }

  /** What works inside a pod. */
  #defineInside(): void {
    this.#verb('exec <pod> <command...>', 'run a command in a pod: edgectl exec -it web-x7k2p -- sh')
      .option('-i, --stdin', 'hand over standard input')
      .option('-t, --tty', 'with a terminal')
      .option('-c, --container <name>', 'which container of the pod')
      .action(this.#run<AttachFlags>(async (...given) => (await import('./exec.ts')).exec(...given)));
    this.#verb('attach <pod>', "join a container's own process: edgectl attach -i web-x7k2p")
      .option('-i, --stdin', 'hand over standard input')
      .option('-t, --tty', 'with a terminal')
      .option('-c, --container <name>', 'which container of the pod')
      .action(this.#run<AttachFlags>(async (...given) => (await import('./exec.ts')).attach(...given)));
    this.#verb(
      'port-forward <pod> <ports...>',
      'reach a port of a pod from here: edgectl port-forward web-1 8080:80',
    )
      .option('--address <address>', 'where to listen', '127.0.0.1')
      .action(
        this.#run<PortForwardFlags>(async (...given) =>
          (await import('./port-forward.ts')).portForward(...given),
        ),
      );
    this.#verb('cp <from> <to>', 'copy files from or to a pod: edgectl cp notes.txt web-1:/tmp/')
      .option('-c, --container <name>', 'which container of the pod')
      .action(this.#run<CpFlags>(async (...given) => (await import('./cp.ts')).cp(...given)));
  }

  #defineRest(): void {
    const token = this.#program.command('token').description('let new boards join');
    token
      .command('create')
      .description('print a word that lets a board join: edge-agent --token WORD')
      .option('--ttl <duration>', 'how long it is valid; 0 = for ever', '24h')
      .option('--description <text>', 'kept with it')
      .action(
        this.#run<TokenFlags>(async (context, _args, flags) =>
          (await import('./token-create.ts')).createToken(context, flags),
        ),
      );
    this.#verb('api-resources', 'list the kinds that the server has')
      .option('-o, --output <format>', 'wide or name')
      .option('--no-headers', 'leave out the column names')
      .option('--namespaced <bool>', 'only those that are (or are not) in namespaces')
      .action(
        this.#run<ApiResourcesFlags>(async (context, _args, flags) =>
          (await import('./api-resources.ts')).apiResources(context, flags),
        ),
      );
    this.#verb('doctor', 'look whether this board can run pods, and say how to mend what it lacks')
      .option('--data-dir <dir>', "the agent's: what it was told of the cluster is looked at")
      .option('-o, --output <format>', 'json or yaml')
      .action(async (flags: DoctorFlags) => {
        const { doctor } = await import('./doctor.ts');
        this.#exitCode = await doctor(this.#options.io, this.#options.examine, flags);
      });
    this.#verb('version', "print this program's version and the server's")
      .option('--client', 'this program only')
      .option('-o, --output <format>', 'json or yaml')
      .action(async (flags: VersionFlags) => {
        const { version } = await import('./version.ts');
        const { io, version: own } = this.#options;
        this.#exitCode = await version(io, own, () => this.#connect(), flags);
      });
  }

  #verb(usage: string, description: string, parent = this.#program): Command {
    return parent.command(usage).description(description);
  }

  #connect(): Promise<CommandContext> {
    return this.#options.connect(this.#program.opts<GlobalFlags>());
  }

  /** commander hands over the arguments, then the flags, then the command. */
  #run<F>(run: Run<F>): (...given: unknown[]) => Promise<void> {
    return async (...given) => {
      const flags = given[given.length - 2] as F;
      const args = given
        .slice(0, -2)
        .flat()
        .filter((arg): arg is string => typeof arg === 'string');
      this.#exitCode = await run(await this.#connect(), args, flags);
    };
  }
}

/** kubectl also takes `-o=wide`; commander knows `-o wide` and `-owide` only. What follows `--` is not ours. */
function splitShortFlags(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  const own = end < 0 ? args.length : end;
  return [...args.slice(0, own).flatMap(splitShortFlag), ...args.slice(own)];
}

function splitShortFlag(arg: string): string[] {
  const match = /^(-[a-zA-Z])=(.*)$/s.exec(arg);
  return match ? [match[1] ?? '', match[2] ?? ''] : [arg];
}

/** `args` without the program's name. Resolves with the exit code: 0, or 1 with a line about what is wrong. */
export function runEdgectl(options: ProgramOptions, args: readonly string[]): Promise<number> {
  return new Edgectl(options).run(args);
}
