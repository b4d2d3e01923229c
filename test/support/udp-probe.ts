// A program for the ends of a UDP exchange, to be run inside any network namespace.
// `listen PORT ANSWER HOST`: prints `ready`, then answers every datagram with ANSWER and the address it came from.
// `ask HOST PORT`: prints the answer, or TIMEOUT; takes answers from HOST:PORT only, as a resolver does.
// `talk HOST PORT`: asks on from one port of its own, ten times a second, and prints a line for each answer or refusal.
import { createSocket } from 'node:dgram';

const [mode, first = '', second = '', at = '0.0.0.0'] = process.argv.slice(2);
const host = mode === 'listen' ? at : first;
const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');

if (mode === 'listen') {
  socket.on('message', (_, { port, address }) => socket.send(`${second} ${address}`, port, address));
  socket.bind(Number(first), host, () => process.stdout.write('ready\n'));
} else if (mode === 'talk') {
  const print = (words: string) => process.stdout.write(`${words}\n`);
  socket.on('message', (text) => print(String(text)));
  const fail = (error: NodeJS.ErrnoException | null) => error && print(error.code ?? 'ERROR');
  socket.on('error', fail);
  socket.connect(Number(second), host, () => setInterval(() => socket.send('?', fail), 100));
} else {
  const say = (words: string) => {
    process.stdout.write(words);
    process.exit();
  };
  socket.on('message', (text) => say(String(text)));
  socket.on('error', (error: NodeJS.ErrnoException) => say(error.code ?? 'ERROR'));
  setTimeout(() => say('TIMEOUT'), 3_000);
  socket.connect(Number(second), host, () => socket.send('?'));
}
