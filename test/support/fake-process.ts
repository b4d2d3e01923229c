// Processes of the fake runtime: a handful of programs in memory that behave as busybox' do on their streams.
// Beside them `tar` and `test` are the machine's own. `sh -c` knows `echo WORDS [>&2]`, `exit N`, `sleep N` and `cat`,
// parted by semicolons.
import { spawn } from 'node:child_process';
import { PassThrough, type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ProcessStreams, TerminalSize } from '../../src/api/session.ts';
import type { RuntimeProcess } from '../../src/kubelet/runtime/runtime.ts';

const NOT_FOUND = 127;
const KILLED = 137;
const SIZE_TIMEOUT_MS = 5000;
const HOST_PROGRAMS = new Set(['tar', 'test']);

export class FakeProcess implements RuntimeProcess {
  readonly command: readonly string[];
  readonly stdin: Writable | undefined;
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly sizes: TerminalSize[] = [];
  /** Bytes that its reader, or the buffer before it, has taken of an endless output. */
  written = 0;
  isReleased = false;
  readonly #input = new PassThrough();
  readonly #streams: ProcessStreams;
  readonly #code: Promise<number>;
  #end: (code: number) => void = () => {};
  #onSize: () => void = () => {};

  constructor(command: readonly string[], streams: ProcessStreams) {
    this.command = command;
    this.#streams = streams;
    this.stdin = streams.stdin ? this.#input : undefined;
    const killed = new Promise<number>((resolve) => {
      this.#end = resolve;
    });
    this.#code = Promise.race([killed, this.#run()]).then((code) => {
      this.stdout.end();
      this.stderr.end();
      this.#input.destroy();
      return code;
    });
    this.stdout.on('error', ignore);
    this.stderr.on('error', ignore);
    this.#input.on('error', ignore);
  }

  async resize(size: TerminalSize): Promise<void> {
    if (!this.#streams.tty) return;
    this.sizes.push(size);
    this.#onSize();
  }

  exitCode(): Promise<number> {
    return this.#code;
  }

  async release(): Promise<void> {
    this.isReleased = true;
    this.#end(KILLED);
  }

  /** Its container ended. */
  end(code = KILLED): void {
    this.#end(code);
  }

  async #run(): Promise<number> {
    const [program = '', ...args] = this.command;
    if (program === 'sh' && args[0] === '-c') return this.#script(args[1] ?? '');
    return this.#program(program, args);
  }

  async #script(script: string): Promise<number> {
    for (const line of script.split(';').map((part) => part.trim())) {
      const [program = '', ...args] = line.split(/\s+/);
      if (program === 'exit') return Number(args[0]);
      const isError = args.at(-1) === '>&2';
      await this.#program(program, isError ? args.slice(0, -1) : args, isError);
    }
    return 0;
  }

  async #program(program: string, args: string[], isError = false): Promise<number> {
    if (program === 'busybox') return this.#program(args[0] ?? '', args.slice(1), isError);
    const output = isError && !this.#streams.tty ? this.stderr : this.stdout;
    const line = (text: string) => void output.write(`${text}${this.#streams.tty ? '\r\n' : '\n'}`);
    if (program === 'echo') line(args.join(' '));
    else if (program === 'cat') await pipeline(this.#input, output, { end: false }).catch(ignore);
    else if (program === 'yes') await this.#endless(output);
    else if (program === 'stty') line(await this.#size());
    else if (program === 'sleep') await new Promise(() => {});
    else if (HOST_PROGRAMS.has(program)) return this.#hostProgram(program, args, output);
    else if (program !== 'true') return NOT_FOUND;
    return 0;
  }

  /** What `kubectl cp` runs, on the machine's own files. */
  async #hostProgram(program: string, args: string[], output: PassThrough): Promise<number> {
    const child = spawn(program, args, { stdio: 'pipe' });
    child.stdin.on('error', ignore);
    this.#input.pipe(child.stdin);
    child.stderr.pipe(this.stderr, { end: false });
    const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? KILLED)));
    await pipeline(child.stdout, output, { end: false }).catch(ignore);
    return ended;
  }

  /** Writes as fast as it is read, until nobody can read any more. */
  async #endless(output: PassThrough): Promise<void> {
    const chunk = Buffer.alloc(16_384, 'y\n');
    while (!output.destroyed && !output.writableEnded) {
      this.written += chunk.length;
      if (output.write(chunk)) await new Promise((resolve) => setImmediate(resolve));
      else await new Promise((resolve) => output.once('drain', resolve).once('close', resolve));
    }
  }

  /** A program that asks at once may be there before the client has told its size. */
  async #size(): Promise<string> {
    if (this.sizes.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, SIZE_TIMEOUT_MS);
        this.#onSize = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const size = this.sizes.at(-1) ?? { columns: 0, rows: 0 };
    return `${size.rows} ${size.columns}`;
  }
}

const ignore = () => {};

/** The streams of a container's own process: `out` is what it writes. */
export class FakeAttachment implements RuntimeProcess {
  readonly received: Buffer[] = [];
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr = new PassThrough().end() as PassThrough;
  readonly out = new PassThrough();
  isReleased = false;

  constructor(streams: ProcessStreams) {
    this.stdout = this.out;
    const write = (chunk: Buffer, _encoding: string, done: () => void) => {
      this.received.push(chunk);
      done();
    };
    this.stdin = streams.stdin ? new Writable({ write }) : undefined;
  }

  async resize(): Promise<void> {}

  async exitCode(): Promise<undefined> {
    return undefined;
  }

  async release(): Promise<void> {
    this.isReleased = true;
    this.out.end();
  }
}
