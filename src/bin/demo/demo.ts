// The demo of `npm start`: builds the image, applies web.yaml with edgectl as a person would, and waits until the
// page answers through its NodePort.
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureDemoImage } from './demo-image.ts';

const run = promisify(execFile);
const NODE_PORT = 30080;
const TIMEOUT_MS = 120_000;
const STEP_MS = 250;

/** Resolves with the page's URL; rejects when it does not answer in time, saying where to look. */
export async function runDemo(
  kubeconfig: string,
  dataDir: string,
  say: (line: string) => void,
): Promise<string> {
  const workDir = join(dataDir, 'demo');
  await mkdir(workDir, { recursive: true });
  say('Building the demo image …');
  await ensureDemoImage(workDir);
  say('Applying the demo (two web pods, one NodePort Service) …');
  const edgectl = join(import.meta.dirname, '..', 'edgectl.js');
  const manifest = join(import.meta.dirname, 'web.yaml');
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  await run(process.execPath, [edgectl, 'apply', '-f', manifest], { env });
  say('Waiting for the page …');
  const url = `http://127.0.0.1:${NODE_PORT}/`;
  await answers(url);
  return url;
}

async function answers(url: string): Promise<void> {
  const end = performance.now() + TIMEOUT_MS;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const response = await fetch(url, {
        signal: AbortSignal.timeout(2000),
        headers: { connection: 'close' },
      });
      if (response.ok) return;
      last = new Error(`HTTP ${response.status}`);
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  throw new Error(`${url} does not answer: 'npx edgectl get pods' and 'npx edgectl describe pods' say why`, {
    cause: last,
  });
}
