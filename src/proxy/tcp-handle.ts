// The one door to Node's own TCP handles, below net.Socket: what they can do that the proxy needs, typed. A relayed
// message then costs one call in each direction and no stream, no promise and no event. Node keeps the interface for
// packages (`process.binding`, documented as deprecated, DEP0111); a Node without it is refused with a clear error.
import { isIPv6 } from 'node:net';
import { getSystemErrorMap } from 'node:util';

/** libuv's code for "the other end sends no more". */
export const END_OF_STREAM = -4095;

/** All calls that return a number return 0 or a negative libuv error code. */
export interface TcpHandle {
  /** Called when something was read or went wrong, see {@link readResult}. Returns the next buffer, if another. */
  onread: (this: TcpHandle) => Uint8Array | undefined;
  /** Of a listening handle: `status` is an error code or 0. */
  onconnection: (status: number, client?: TcpHandle) => void;
  /** What is read from now on goes to the start of `buffer`. To be called once. */
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  /** What the kernel does not take at once is sent later ({@link isWritePending}); `data` must then stay as it is. */
  writeBuffer(request: WriteRequest, data: Uint8Array): number;
  shutdown(request: ShutdownRequest): number;
  bind(address: string, port: number, flags: number): number;
  bind6(address: string, port: number, flags: number): number;
  listen(backlog: number): number;
  connect(request: ConnectRequest, address: string, port: number): number;
  connect6(request: ConnectRequest, address: string, port: number): number;
  getsockname(out: { address?: string; port?: number }): number;
  getpeername(out: { address?: string; port?: number }): number;
  setNoDelay(on: boolean): number;
  /** Asks the other end for a sign of life after `delayS` seconds of silence, then each second, ten times. */
  setKeepAlive(on: boolean, delayS: number): number;
  /** Closes with a TCP reset. Fails while a shutdown is under way, and then close() does nothing any more. */
  reset(): number;
  close(onClosed?: () => void): void;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Whose handle it is; what `onread` works on. */
  owner?: object;
}

export interface WriteRequest {
  oncomplete: (this: WriteRequest, status: number) => void;
  owner?: object;
  /** Keeps the bytes alive until they are sent. */
  data?: Uint8Array;
}

export interface ShutdownRequest {
  oncomplete: (this: ShutdownRequest, status: number) => void;
  owner?: object;
}

export interface ConnectRequest {
  oncomplete: (this: ConnectRequest, status: number) => void;
  owner?: object;
}

interface TcpBinding {
  TCP: new (type: number) => TcpHandle;
  TCPConnectWrap: new () => ConnectRequest;
  constants: { SOCKET: number; SERVER: number; UV_TCP_IPV6ONLY: number };
}

interface StreamBinding {
  WriteWrap: new () => WriteRequest;
  ShutdownWrap: new () => ShutdownRequest;
  streamBaseState: Int32Array;
  kReadBytesOrError: number;
  kLastWriteWasAsync: number;
}

const tcp = load<TcpBinding>('tcp_wrap', ['TCP', 'TCPConnectWrap', 'constants']);
const stream = load<StreamBinding>('stream_wrap', ['WriteWrap', 'ShutdownWrap', 'streamBaseState']);
const { streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = stream;
const { WriteWrap, ShutdownWrap } = stream;
const { TCP, TCPConnectWrap, constants } = tcp;

function load<T>(name: string, needed: readonly string[]): T {
  const { binding } = process as unknown as { binding?(name: string): Record<string, unknown> };
  const found = binding?.call(process, name);
  if (!found || needed.some((key) => found[key] === undefined)) {
    throw new Error(`Node ${process.version} has no ${name}: the proxy needs Node 24`);
  }
  return found as T;
}

export const newSocket = (): TcpHandle => new TCP(constants.SOCKET);
export const newWriteRequest = (): WriteRequest => new WriteWrap();
export const newShutdownRequest = (): ShutdownRequest => new ShutdownWrap();

/** Within `onread`: the count of bytes read, 0 for none, {@link END_OF_STREAM} or another negative error code. */
export const readResult = (): number => streamBaseState[kReadBytesOrError] ?? 0;

/** Right after `writeBuffer`: whether the request's `oncomplete` will be called. If not, it may be used again. */
export const isWritePending = (): boolean => streamBaseState[kLastWriteWasAsync] === 1;

/** False on a board whose kernel was started without it. */
export function hasIpv6(): boolean {
  const handle = new TCP(constants.SOCKET);
  const error = handle.bind6('::', 0, constants.UV_TCP_IPV6ONLY);
  handle.close();
  return error === 0;
}

/** Sockets that it accepts send without delay. Throws the system's error, such as EADDRINUSE. */
export function listenOn(host: string, port: number, backlog: number): TcpHandle {
  const handle = new TCP(constants.SERVER);
  const bound = isIPv6(host)
    ? handle.bind6(host, port, constants.UV_TCP_IPV6ONLY)
    : handle.bind(host, port, 0);
  // What it accepts has it too, so that nobody need ask for it connection by connection.
  const error = bound || handle.setNoDelay(true) || handle.listen(backlog);
  if (error === 0) return handle;
  handle.close();
  throw systemError(error, `listen on ${host}:${port}`);
}

/** Calls `onComplete` exactly once, with 0 or an error code, and never before this returns. */
export function connectTo(
  handle: TcpHandle,
  ip: string,
  port: number,
  onComplete: (status: number) => void,
): void {
  const request = new TCPConnectWrap();
  request.oncomplete = onComplete;
  // Node's isIPv6 is a long pattern, and this is done for every connection.
  const error = ip.includes(':') ? handle.connect6(request, ip, port) : handle.connect(request, ip, port);
  if (error !== 0) setImmediate(onComplete, error);
}

/**
 * Reads to the start of `buffer` from now on, or as soon as a handle that connects has done so; to be called once for a
 * handle. By the time that something can have come its `onread` must be set.
 */
export function startReading(handle: TcpHandle, buffer: Uint8Array): number {
  handle.useUserBuffer(buffer);
  return handle.readStart();
}

export interface SocketAddress {
  address: string;
  port: number;
}

/** Empty and 0 for what is closed. */
export function localAddress(handle: TcpHandle): SocketAddress {
  const name: Partial<SocketAddress> = {};
  handle.getsockname(name);
  return { address: name.address ?? '', port: name.port ?? 0 };
}

/** As {@link localAddress}, of the other end. */
export function peerAddress(handle: TcpHandle): SocketAddress {
  const name: Partial<SocketAddress> = {};
  handle.getpeername(name);
  return { address: name.address ?? '', port: name.port ?? 0 };
}

function systemError(code: number, what: string): NodeJS.ErrnoException {
  const [name, message] = getSystemErrorMap().get(code) ?? [`E${code}`, 'unknown error'];
  return Object.assign(new Error(`${name}: ${message}, ${what}`), { code: name, errno: code });
}
