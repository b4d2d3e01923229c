// What this board's kernel forwards of Services by itself: asked of the kernel and its programs once, where the agent
// is told to have it forward. Where it cannot, the board says so and forwards as by default.
import type { IpFamily } from '../../base/ip.ts';
import type { CommandRunner } from '../../network/command-runner.ts';
import type { KernelMode, KernelProtocol } from '../../proxy/kernel-ports.ts';
import type { AgentOptions } from './agent-options.ts';

export interface BoardKernelOptions extends Pick<AgentOptions, 'proxy' | 'logger'> {
  commands: CommandRunner;
  /** An Event of the Node. */
  tell(reason: string, message: string): void;
}

export class BoardKernel {
  readonly #options: BoardKernelOptions;
  #protocols: readonly KernelProtocol[] = [];
  #families: readonly IpFamily[] = [];
  #second: Promise<void> | undefined;

  constructor(options: BoardKernelOptions) {
    this.#options = options;
  }

  /** `undefined` = it forwards none. */
  get mode(): KernelMode | undefined {
    const [protocols, families] = [this.#protocols, this.#families];
    return families.length > 0 ? { protocols, families } : undefined;
  }

  /** To be called first. */
  async ask(): Promise<void> {
    if (this.#options.proxy?.mode !== 'nftables') return;
    if (!(await this.#can('IPv4'))) return;
    this.#protocols = (await this.#canForgetTracks()) ? ['tcp', 'udp'] : ['tcp'];
    this.#families = ['IPv4'];
  }

  /** To be called when the board has second addresses: others are not asked for what they do not need. */
  async askSecond(): Promise<void> {
    if (!this.mode) return;
    this.#second ??= this.#addSecond();
    await this.#second;
  }

  async #addSecond(): Promise<void> {
    if (await this.#can('IPv6')) this.#families = ['IPv4', 'IPv6'];
  }

  async #can(family: IpFamily): Promise<boolean> {
    const { commands, logger, tell } = this.#options;
    const { kernelForwardingProblem } = await import('../../network/kernel-forwarding.ts');
    const problem = await kernelForwardingProblem(commands, family === 'IPv4' ? 'ip' : 'ip6');
    if (problem === undefined) return true;
    const whose = family === 'IPv4' ? 'Services' : 'IPv6 Services';
    const message = `${whose} are relayed in user space, not by nftables: ${problem}`;
    logger.warn({}, message);
    tell('ProxyModeFallback', message);
    return false;
  }

  /** UDP is for kernels that can be made to forget clients of an endpoint that is gone. */
  async #canForgetTracks(): Promise<boolean> {
    const { canForgetTracks } = await import('../../network/udp-tracks.ts');
    if (await canForgetTracks(this.#options.commands)) return true;
    const mend = 'install the package conntrack and restart the agent to have the kernel forward it';
    this.#options.logger.info({}, `UDP is relayed in user space: ${mend}`);
    return false;
  }
}
