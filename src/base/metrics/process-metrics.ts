// What this process uses, under the names that Prometheus' own clients give it; read when asked, from /proc and Node.
// https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
import { readdir } from 'node:fs/promises';
import { type Metric, single } from './metric.ts';

export async function processMetrics(): Promise<Metric[]> {
  const { user, system } = process.cpuUsage();
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const startSeconds = (performance.timeOrigin / 1000).toFixed(3);
  // Where there is no /proc the figure is left out.
  const descriptors = await readdir('/proc/self/fd').catch(() => undefined);
  const seconds = 'Total user and system CPU time spent in seconds.';
  return [
    single('counter', 'process_cpu_seconds_total', seconds, (user + system) / 1e6),
    single('gauge', 'process_resident_memory_bytes', 'Resident memory size in bytes.', rss),
    single(
      'gauge',
      'process_start_time_seconds',
      'Start time of the process since unix epoch in seconds.',
      Number(startSeconds),
    ),
    ...(descriptors
      ? [single('gauge', 'process_open_fds', 'Number of open file descriptors.', descriptors.length)]
      : []),
    single('gauge', 'nodejs_heap_size_total_bytes', 'Process heap size from Node.js in bytes.', heapTotal),
    single('gauge', 'nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.', heapUsed),
    single('gauge', 'nodejs_external_memory_bytes', 'Node.js external memory size in bytes.', external),
  ];
}
