// What is read of a DNS message before it is answered: the one question, and what the client can take.
import { type Answer, decode, type OptAnswer } from 'dns-packet';
import { type Edns, readPlainQuestion } from './plain-question.ts';
import type { Transport } from './upstream-exchange.ts';
import { DEFAULT_UDP_BYTES, questionCount, type Rcode } from './wire.ts';

/** What we take, and send at most, over UDP: fits every network without fragments (dnsflagday.net/2020). */
export const OWN_UDP_BYTES = 1232;
const MAX_TCP_BYTES = 65_535;

export interface Question {
  /** Lower case, without the final dot. */
  name: string;
  /** As it was spelt. */
  spelling: string;
  type: string;
  edns: Edns | undefined;
}

/** `REFUSED`: a question that nobody here answers; `undefined`: no question that could be read. */
export function readQuestion(query: Buffer): Question | 'REFUSED' | undefined {
  const plain = readPlainQuestion(query);
  return plain ? { ...plain, name: plain.spelling.toLowerCase() } : decodeQuestion(query);
}

function decodeQuestion(query: Buffer): Question | 'REFUSED' | undefined {
  try {
    const { questions = [], additionals = [] } = decode(query);
    const [question] = questions;
    if (!question || questionCount(query) !== 1) return undefined;
    if (question.class !== 'IN' || question.type === 'AXFR' || question.type === 'IXFR') return 'REFUSED';
    const edns = additionals.find((record): record is OptAnswer => record.type === 'OPT');
    const spelling = question.name.replace(/\.$/, '');
    return { name: spelling.toLowerCase(), spelling, type: question.type, edns };
  } catch {
    // dns-packet throws on everything that is no message.
    return undefined;
  }
}

export function readResponse(message: Buffer): { rcode: Rcode; answers: Answer[]; isTruncated: boolean } {
  try {
    const response = decode(message);
    const rcode = (response as { rcode?: Rcode }).rcode ?? 'SERVFAIL';
    return { rcode, answers: response.answers ?? [], isTruncated: response.flag_tc };
  } catch {
    // What an upstream server sends need not be readable.
    return { rcode: 'SERVFAIL', answers: [], isTruncated: false };
  }
}

export function sizeLimit({ edns }: Question, transport: Transport): number {
  if (transport === 'tcp') return MAX_TCP_BYTES;
  if (!edns) return DEFAULT_UDP_BYTES;
  return Math.min(Math.max(edns.udpPayloadSize, DEFAULT_UDP_BYTES), OWN_UDP_BYTES);
}
