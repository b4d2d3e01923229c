// Who asked for what, and what became of it: one JSON line per request, level Metadata. Bodies, queries beyond
// the path and credentials are never written. https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
import { createWriteStream, type WriteStream } from 'node:fs';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import type { User } from '../http/api-request.ts';
import { type Attributes, isPath, type ResourceAttributes } from './attributes.ts';

export interface AuditEntry {
  id: string;
  attributes: Attributes;
  path: string;
  user: User | undefined;
  /** Whom it acted as, when that is another. */
  impersonated: User | undefined;
  sourceIp: string;
  userAgent: string;
  code: number;
  receivedMs: number;
  answeredMs: number;
}

export interface AuditSink {
  record(entry: AuditEntry): void;
}

/** Lines waiting for a disk that does not keep up; beyond this they are dropped and counted in the log. */
const MAX_WAITING_BYTES = 1024 * 1024;

export class AuditLog implements Component, AuditSink {
  readonly #path: string;
  readonly #logger: Logger;
  #stream: WriteStream | undefined;
  #dropped = 0;

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /** @throws Error when the file cannot be opened for appending. */
  async start(): Promise<void> {
    const stream = createWriteStream(this.#path, { flags: 'a', mode: 0o600 });
    await new Promise<void>((resolve, reject) => {
      stream.once('open', () => resolve());
      stream.once('error', reject);
    });
    stream.on('error', (error) =>
      this.#logger.error({ error: error.message, path: this.#path }, 'the audit log cannot be written'),
    );
    this.#stream = stream;
  }

  async stop(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream && !stream.destroyed) await new Promise<void>((resolve) => stream.end(() => resolve()));
  }

  record(entry: AuditEntry): void {
    const stream = this.#stream;
    if (!stream || stream.destroyed) return;
    if (stream.writableLength > MAX_WAITING_BYTES) {
      this.#dropped += 1;
      if (this.#dropped === 1)
        this.#logger.warn({ path: this.#path }, 'the audit log is behind: lines are lost');
      return;
    }
    stream.write(`${JSON.stringify(lineOf(entry))}\n`);
  }
}

function lineOf(entry: AuditEntry): object {
  const { attributes, user, impersonated } = entry;
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: entry.id,
    stage: 'ResponseComplete',
    requestURI: entry.path,
    verb: attributes.verb,
    user: userLine(user),
    ...(impersonated ? { impersonatedUser: userLine(impersonated) } : {}),
    sourceIPs: [entry.sourceIp],
    userAgent: entry.userAgent,
    ...(isPath(attributes) ? {} : { objectRef: objectRef(attributes) }),
    responseStatus: { metadata: {}, code: entry.code },
    requestReceivedTimestamp: new Date(entry.receivedMs).toISOString(),
    stageTimestamp: new Date(entry.answeredMs).toISOString(),
  };
}

const userLine = (user: User | undefined): object =>
  user
    ? { username: user.name, ...(user.uid ? { uid: user.uid } : {}), groups: user.groups }
    : { username: 'system:anonymous', groups: ['system:unauthenticated'] };

function objectRef({ resource, subresource, group, version, namespace, name }: ResourceAttributes) {
  return {
    resource,
    ...(subresource ? { subresource } : {}),
    ...(namespace ? { namespace } : {}),
    ...(name ? { name } : {}),
    ...(group ? { apiGroup: group } : {}),
    apiVersion: version,
  };
}
