// A DNS server as a board's router is one: it knows a few names, denies all others, and notes what it was asked.
import { type Answer, decode, encode } from 'dns-packet';
import { silentLogger } from '../../src/base/logger.ts';
import { DnsServer } from '../../src/dns/dns-server.ts';

const SOA: Answer = {
  type: 'SOA',
  name: 'elsewhere.test',
  ttl: 60,
  data: { mname: 'ns.elsewhere.test', rname: 'root.elsewhere.test', minimum: 60 },
};
const RCODE_NXDOMAIN = 3;
const FLAGS = 0x8180;

export class UplinkDns {
  /** As `name TYPE`. */
  readonly questions: string[] = [];
  readonly #known: Readonly<Record<string, string>>;
  #server: DnsServer | undefined;

  constructor(known: Readonly<Record<string, string>>) {
    this.#known = known;
  }

  async start(host: string, port = 53): Promise<void> {
    const answer = async (query: Buffer) => this.#answer(query);
    this.#server = new DnsServer({ host, port, answer, logger: silentLogger });
    await this.#server.start();
  }

  /** Where it listens. */
  get port(): number {
    return this.#server?.port ?? 0;
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }

  #answer(query: Buffer): Buffer {
    const { id = 0, questions = [] } = decode(query);
    const { name = '', type = 'A' } = questions[0] ?? {};
    this.questions.push(`${name} ${type}`);
    const data = this.#known[name];
    const answers: Answer[] = data && type === 'A' ? [{ type, name, ttl: 1, data }] : [];
    const authorities = answers.length > 0 ? [] : [SOA];
    const flags = FLAGS | (data ? 0 : RCODE_NXDOMAIN);
    return encode({ type: 'response', id, flags, questions, answers, authorities });
  }
}
