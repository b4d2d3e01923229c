// The one part of systeminformation that the heartbeat loads: 0.7 MB of heap, the whole library 1.9 MB. CommonJS.
declare module 'systeminformation/lib/memory.js' {
  const memory: { mem(): Promise<{ total: number; available: number }> };
  export default memory;
}
