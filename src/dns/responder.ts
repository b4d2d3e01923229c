// From a message to its answer: names of the cluster from memory, all others by the forwarder. Whatever comes in, it
// never throws.
import { type Answer, encode, type OptAnswer } from 'dns-packet';
import type { Clock } from '../base/clock.ts';
import { type ClusterZone, startOfAuthority, TTL_SECONDS, type ZoneAnswer } from './cluster-zone.ts';
import type { Forwarder } from './forwarder.ts';
import { KnownAnswers } from './known-answers.ts';
import { OWN_UDP_BYTES, type Question, readQuestion, readResponse, sizeLimit } from './messages.ts';
import { addressSection, answerWith, noRecords, type Section, sectionOf } from './sections.ts';
import type { Transport } from './upstream-exchange.ts';
import { answerCount, HEADER_BYTES, isResponse, opcodeOf, type Rcode, respond, truncated } from './wire.ts';

export interface ResponderOptions {
  zone: ClusterZone;
  forwarder: Forwarder;
  clock: Clock;
  /** Such as `cluster.local`. */
  domain: string;
}

/** An ExternalName that leads to another, and so on: no honest one is longer. */
const MAX_ALIASES = 8;
/** DNS counts in seconds: a remembered answer is told unchanged for as long. */
const LIVES_GO_DOWN_MS = 1000;
const EDNS_BADVERS = 1;
const OWN_EDNS = sectionOf([ownEdns(0)]);

type MaybeLater<T> = T | Promise<T>;

export class Responder {
  readonly #options: ResponderOptions;
  readonly #soaSection: Section;
  readonly #known = new KnownAnswers();
  /** Of the zone, to which the known answers belong. */
  #version = 0;

  constructor(options: ResponderOptions) {
    this.#options = options;
    this.#soaSection = sectionOf([startOfAuthority(options.domain)]);
  }

  /** `undefined`: what came deserves no answer. A promise only where somebody else has to be asked. */
  answer(query: Buffer, transport: Transport): MaybeLater<Buffer | undefined> {
    return (transport === 'udp' ? this.#knownAnswer(query) : undefined) ?? this.#newAnswer(query, transport);
  }

  #knownAnswer(query: Buffer): Buffer | undefined {
    const { version } = this.#options.zone;
    if (version === this.#version) return this.#known.get(query, this.#options.clock.monotonicMs());
    this.#known.clear();
    this.#version = version;
    return undefined;
  }

  #newAnswer(query: Buffer, transport: Transport): MaybeLater<Buffer | undefined> {
    if (query.length < HEADER_BYTES || isResponse(query)) return undefined;
    if (opcodeOf(query) !== 0) return refusal(query, 'NOTIMP');
    const question = readQuestion(query);
    if (question === 'REFUSED' || question === undefined) return refusal(query, question ?? 'FORMERR');
    if ((question.edns?.ednsVersion ?? 0) !== 0) return badVersion(query);
    const limit = sizeLimit(question, transport);
    const cut = (response: Buffer) => (response.length > limit ? truncated(response, limit) : response);
    const response = this.#respond(query, question, transport);
    if (!Buffer.isBuffer(response)) return response.then(cut);
    const whole = cut(response);
    if (transport === 'udp') this.#keep(query, question, whole);
    return whole;
  }

  /** Our own until names change, but several addresses take turns; others for a moment, as their lives go down. */
  #keep(query: Buffer, { name }: Question, response: Buffer): void {
    const { zone, clock } = this.#options;
    if (!zone.owns(name)) this.#known.put(query, response, clock.monotonicMs() + LIVES_GO_DOWN_MS);
    else if (answerCount(response) < 2) this.#known.put(query, response);
  }

  #respond(query: Buffer, question: Question, transport: Transport): MaybeLater<Buffer> {
    const { zone, forwarder } = this.#options;
    if (!zone.owns(question.name)) return forwarder.answer(query, transport);
    if (!zone.isKnown) return refusal(query, 'SERVFAIL');
    const found = zone.lookup(question.name, question.type);
    const addresses = addressesIn(found, question.name);
    if (!addresses) return this.#fromZone(query, question);
    return this.#answer(query, question, found.rcode, { answers: addressSection(addresses, TTL_SECONDS) });
  }

  async #fromZone(query: Buffer, question: Question): Promise<Buffer> {
    const { rcode, answers, additionals } = await this.#resolve(question.name, question.type);
    return this.#answer(query, question, rcode, { answers: sectionOf(answers, question.name), additionals });
  }

  #answer(
    query: Buffer,
    { edns }: Question,
    rcode: Rcode,
    { answers, additionals = [] }: { answers: Section; additionals?: readonly Answer[] },
  ): Buffer {
    const own = edns ? [...additionals, ownEdns(0)] : additionals;
    return answerWith(query, rcode, {
      answers,
      authorities: answers.count === 0 ? this.#soaSection : noRecords,
      additionals: additionals.length > 0 ? sectionOf(own) : edns ? OWN_EDNS : noRecords,
    });
  }

  /** Follows aliases, within the cluster and out of it. */
  async #resolve(
    name: string,
    type: string,
  ): Promise<{ rcode: Rcode; answers: Answer[]; additionals: Answer[] }> {
    const { zone } = this.#options;
    const answers: Answer[] = [];
    let next = name;
    for (let i = 0; i < MAX_ALIASES; i++) {
      const found: ZoneAnswer = zone.lookup(next, type);
      answers.push(...found.answers);
      if (found.alias === undefined || type === 'CNAME') return { ...found, answers };
      next = found.alias;
      if (!zone.owns(next)) {
        const outside = await this.#outside(next, type);
        return { rcode: outside.rcode, answers: [...answers, ...outside.answers], additionals: [] };
      }
    }
    return { rcode: 'SERVFAIL', answers: [], additionals: [] };
  }

  async #outside(name: string, type: string): Promise<{ rcode: Rcode; answers: Answer[] }> {
    const RECURSION_DESIRED = 0x0100;
    const questions = [{ name, type: type as 'A' }];
    const query = encode({ type: 'query', id: 0, flags: RECURSION_DESIRED, questions });
    // Over TCP: an answer that was cut to fit could not be told from a whole one by who asks us.
    const response = readResponse(await this.#options.forwarder.answer(query, 'udp'));
    return response.isTruncated ? readResponse(await this.#options.forwarder.answer(query, 'tcp')) : response;
  }
}

/** Of an answer that is nothing but IPv4 addresses of `name`, or that there are no records. */
function addressesIn({ answers, additionals, alias }: ZoneAnswer, name: string): string[] | undefined {
  if (alias !== undefined || additionals.length > 0) return undefined;
  const addresses: string[] = [];
  for (const answer of answers) {
    if (answer.type !== 'A' || answer.name !== name) return undefined;
    addresses.push(answer.data);
  }
  return addresses;
}

/** Without the question when even that cannot be read. */
function refusal(query: Buffer, rcode: Rcode): Buffer {
  try {
    return respond(query, rcode);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const header = Buffer.from(query.subarray(0, HEADER_BYTES));
    header.fill(0, 4);
    return respond(header, rcode);
  }
}

function badVersion(query: Buffer): Buffer {
  return respond(query, 'NOERROR', encode({ type: 'response', additionals: [ownEdns(EDNS_BADVERS)] }));
}

function ownEdns(extendedRcode: number): OptAnswer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: OWN_UDP_BYTES,
    extendedRcode,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}
