// Names outside the cluster: asked of the board's own upstream servers, the last good one first, and remembered.
import type { Clock } from '../base/clock.ts';
import type { AnswerCache, Found } from './answer-cache.ts';
import { OWN_UDP_BYTES } from './messages.ts';
import type { exchange, Transport, Upstream } from './upstream-exchange.ts';
import { answerTo, isTruncated, onwardQuery, questionBytes, rcodeOf, rcodes, respond } from './wire.ts';

export interface ForwarderOptions {
  /** The servers of now; none: names outside the cluster cannot be known. */
  upstreams(): Promise<readonly Upstream[]>;
  exchange: typeof exchange;
  cache: AnswerCache;
  clock: Clock;
}

/** Per server; resolvers of libc give up after 5 s, so two servers are tried before that. */
const TIMEOUT_MS = 2000;
/** More at once are a flood: each holds a socket. */
const MAX_PENDING = 256;
/** Nobody answered a moment ago: what is remembered is told at once, though it is over, and not waited for (5). */
const RECHECK_MS = 10_000;
/** Life of an answer that is told although it is over, because nobody could be asked (RFC 8767, 4). */
const STALE_ANSWER_SECONDS = 30;

export class Forwarder {
  readonly #options: ForwarderOptions;
  /** Questions on their way, so that many who ask the same cost one. */
  readonly #pending = new Map<string, Promise<Buffer | undefined>>();
  #lastGood: string | undefined;
  /** Monotonic: when all servers were last silent; of a server that has answered since nothing is held against it. */
  #silentAtMs: number | undefined;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** Always an answer, at once where it is remembered: SERVFAIL when no server could be reached and nothing is. */
  answer(query: Buffer, transport: Transport): Buffer | Promise<Buffer> {
    const asked = onwardQuery(query, OWN_UDP_BYTES);
    const key = keyOf(asked, transport);
    const known = this.#options.cache.get(key);
    if (known?.isFresh) return answerTo(query, known.response, known.ageSeconds);
    return this.#learn(query, known, () => this.#ask(key, asked, transport));
  }

  async #learn(
    query: Buffer,
    known: Found | undefined,
    ask: () => Promise<Buffer | undefined>,
  ): Promise<Buffer> {
    const response = known && this.#wasSilent ? undefined : await ask();
    if (response) return answerTo(query, response);
    if (!known) return respond(query, 'SERVFAIL');
    return answerTo(query, known.response, Math.max(0, known.ageSeconds - STALE_ANSWER_SECONDS));
  }

  get #wasSilent(): boolean {
    const { clock } = this.#options;
    return this.#silentAtMs !== undefined && clock.monotonicMs() - this.#silentAtMs < RECHECK_MS;
  }

  #ask(key: string, query: Buffer, transport: Transport): Promise<Buffer | undefined> {
    const pending = this.#pending.get(key);
    if (pending) return pending;
    if (this.#pending.size >= MAX_PENDING) return Promise.resolve(undefined);
    const asking = this.#firstAnswer(query, transport)
      .then((response) => {
        if (response && mayBeKept(response)) this.#options.cache.put(key, response);
        return response;
      })
      .finally(() => this.#pending.delete(key));
    this.#pending.set(key, asking);
    return asking;
  }

  /** A server that answers SERVFAIL or REFUSED is passed over like one that is silent, unless it is the last. */
  async #firstAnswer(query: Buffer, transport: Transport): Promise<Buffer | undefined> {
    let poor: Buffer | undefined;
    for (const upstream of this.#inOrder(await this.#options.upstreams())) {
      const { clock } = this.#options;
      const limits = { clock, timeoutMs: TIMEOUT_MS };
      // Which server failed and why is not the client's to know: the next one is asked.
      const response = await this.#options
        .exchange(query, upstream, transport, limits)
        .catch(() => undefined);
      if (response) this.#silentAtMs = undefined;
      if (response && isGood(response)) {
        this.#lastGood = upstream.address;
        return response;
      }
      poor ??= response;
    }
    if (!poor) this.#silentAtMs = this.#options.clock.monotonicMs();
    return poor;
  }

  #inOrder(upstreams: readonly Upstream[]): Upstream[] {
    const isLastGood = ({ address }: Upstream) => Number(address === this.#lastGood);
    return [...upstreams].sort((a, b) => isLastGood(b) - isLastGood(a));
  }
}

function isGood(response: Buffer): boolean {
  const rcode = rcodeOf(response);
  return rcode !== rcodes.SERVFAIL && rcode !== rcodes.REFUSED && rcode !== rcodes.NOTIMP;
}

function mayBeKept(response: Buffer): boolean {
  const rcode = rcodeOf(response);
  return !isTruncated(response) && (rcode === rcodes.NOERROR || rcode === rcodes.NXDOMAIN);
}

/** Everything of the query but its id: other flags, or EDNS, may get another answer. */
function keyOf(query: Buffer, transport: Transport): string {
  const question = questionBytes(query);
  const lower = question.toString('latin1').toLowerCase();
  const rest = query.subarray(12 + question.length).toString('latin1');
  return `${transport} ${query.readUInt16BE(2)} ${lower} ${rest}`;
}
