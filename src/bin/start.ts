// `npm start`: master and agent in one process, still talking over MQTT, with a small demo. The end takes the
// pods and their network away; what is stored stays.
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import { lanAddresses } from '../base/lan-addresses.ts';
import type { Logger } from '../base/logger.ts';
import { Agent } from './agent/agent.ts';
import { ingressFlags, ingressSettings } from './agent/agent-ingress.ts';
import { runDemo } from './demo/demo.ts';
import { evictionFlags, evictionSettings } from './eviction-flags.ts';
import { type Flags, type FlagValues, podManifestPath, port, required } from './flags.ts';
import { agentImages, imageFlags } from './image-flags.ts';
import { createLogger, logLevel } from './logging.ts';
import type { Master } from './master.ts';
import { createMaster, masterFlags } from './master-flags.ts';
import { issueIdentity, type NodeIdentity, storedIdentity } from './node-identity.ts';
import { runProgram } from './program.ts';
import { proxyFlags, proxySettings } from './proxy-flags.ts';

const flags: Flags = {
  ...masterFlags,
  'pod-manifest-path': {
    value: 'DIR',
    help: 'folder of static pods; agent/manifests in the data directory unless given',
  },
  ...ingressFlags,
  ...imageFlags,
  ...evictionFlags,
  ...proxyFlags,
  'no-demo': { value: undefined, help: 'start an empty cluster' },
};

class AllInOne implements Component {
  readonly master: Master;
  readonly #values: FlagValues;
  readonly #logger: Logger;
  #agent: Agent | undefined;

  constructor(values: FlagValues, logger: Logger, fail: (error: Error) => void) {
    this.master = createMaster(values, logger, fail);
    this.#values = values;
    this.#logger = logger;
  }

  async start(): Promise<void> {
    say('Starting the master …');
    await this.master.start();
    say('Starting the agent …');
    try {
      this.#agent = await this.#makeAgent();
      await this.#agent.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    if (agent) say('Stopping pods …');
    await agent?.stop();
    await this.master.stop();
  }

  async #makeAgent(): Promise<Agent> {
    const dataDir = join(resolve(required(this.#values, 'data-dir')), 'agent');
    const nodeName = hostname().toLowerCase();
    const mqttPort = port(this.#values, 'mqtt-port');
    return new Agent({
      nodeName,
      master: new URL(`https://127.0.0.1:${port(this.#values, 'api-port')}`),
      identity: await this.#identity(dataDir, nodeName, mqttPort),
      mqttPort,
      dataDir,
      podManifestPath: podManifestPath(this.#values),
      ingress: ingressSettings(this.#values),
      images: agentImages(this.#values),
      eviction: evictionSettings(this.#values),
      cleanOnStop: true,
      proxy: proxySettings(this.#values),
      clock: systemClock,
      logger: this.#logger,
    });
  }

  /** Signed anew when the cluster's authority is another one than last time. */
  async #identity(dataDir: string, node: string, mqttPort: number): Promise<NodeIdentity> {
    const { authority } = this.master;
    const stored = await storedIdentity(dataDir);
    if (stored?.authorityPem === authority.certificatePem) return stored;
    return issueIdentity(dataDir, node, authority, mqttPort);
  }
}

await runProgram({
  usage: 'npm start -- [flags]',
  about: 'A cluster of one board: master and agent in one process.',
  flags,
  create: (values, fail) => new AllInOne(values, createLogger(logLevel(values)), fail),
  async ready(values, component) {
    const { kubeconfigPath } = (component as AllInOne).master;
    const url = values['no-demo']
      ? undefined
      : await runDemo(kubeconfigPath, required(values, 'data-dir'), say);
    say(summary(values, kubeconfigPath, url));
  },
});

function summary(values: FlagValues, kubeconfig: string, url: string | undefined): string {
  const inspectPort = port(values, 'mqtt-inspect-port', 0);
  const lines = [
    'The cluster is ready.',
    ...(url ? [`  page        ${url} (also at ${lanAddresses()[0]})`] : []),
    `  kubeconfig  ${kubeconfig}`,
    `  try         KUBECONFIG=${shellWord(kubeconfig)} npx edgectl get pods -A -o wide`,
    ...(inspectPort ? [`  look        mosquitto_sub -p ${inspectPort} -t 'edge/v1/#' -v`] : []),
    'Ctrl-C stops it and its pods; what it stored stays.',
  ];
  return lines.join('\n');
}

/** As a shell reads it as one word, so that the line can be copied. */
function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
