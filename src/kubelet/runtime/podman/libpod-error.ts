// libpod's answers to things that went wrong, as RuntimeErrors that a person can act on.
// podman 4.3 answers most refusals with status 500: only `cause` and `message` tell them apart.
import { messageOf } from '../../../base/error-message.ts';
import { RuntimeError } from '../runtime.ts';

/** An answer of status 400 or more. */
export class LibpodError extends Error {
  readonly status: number;
  /** The innermost error, such as `no such container`. */
  readonly podmanCause: string;
  constructor(status: number, message: string, podmanCause: string) {
    super(message);
    this.name = 'LibpodError';
    this.status = status;
    this.podmanCause = podmanCause;
  }
}

/** From the body of such an answer: `{cause, message, response}`, or plain text. */
export function libpodError(status: number, body: string): LibpodError {
  try {
    const { cause, message } = JSON.parse(body) as { cause?: string; message?: string };
    return new LibpodError(status, message || cause || body, cause ?? '');
  } catch {
    return new LibpodError(status, body.trim() || `podman answered with status ${status}`, '');
  }
}

/** Also when it went in the middle of the call: podman answers 500 then, in the same words. */
export function isNotFound(error: unknown): boolean {
  if (!(error instanceof LibpodError)) return false;
  return error.status === 404 || /no such container/.test(`${error.podmanCause} ${error.message}`);
}

export function isNameInUse(error: unknown): boolean {
  if (!(error instanceof LibpodError)) return false;
  return error.status === 409 || /(container )?name .*(is )?(already )?in use/.test(error.message);
}

/** SQLite's words, and the kernel's. */
export function isDiskFull(error: unknown): boolean {
  return (
    error instanceof LibpodError && /database or disk is full|no space left on device/.test(error.message)
  );
}

/** `error` as a RuntimeError with `reason`; one that already is a RuntimeError stays. */
export function asRuntimeError(error: unknown, reason: string): RuntimeError {
  if (error instanceof RuntimeError) return error;
  const message = messageOf(error);
  const wrapped = new RuntimeError(reason, withHint(withoutNoise(message)));
  wrapped.cause = error;
  return wrapped;
}

/** Words that help nobody, and what they mean. */
const HINTS: readonly [RegExp, string][] = [
  // ENOEXEC.
  [/exec format error/i, 'the image is not built for this board, or its program is a script without #!'],
  // crun on cgroup v2, as on a Pi whose firmware turns the counting of memory off.
  [
    /opening file `(memory|cpu|pids)\.|controller `\w+` is not available under/,
    "this board's kernel does not count that: 'edgectl doctor' on the board says how to turn it on",
  ],
];

function withHint(message: string): string {
  const [, hint] = HINTS.find(([words]) => words.test(message)) ?? [];
  return hint ? `${message} (${hint})` : message;
}

/** podman prefixes what it was doing and repeats itself; the rest is kept as it is. */
function withoutNoise(message: string): string {
  return message
    .replace(/^(unable to start container "?[0-9a-f]{64}"?: )/, '')
    .replace(/: OCI runtime attempted to invoke a command that was not found$/, '')
    .replace(/\s+/g, ' ')
    .trim();
}
