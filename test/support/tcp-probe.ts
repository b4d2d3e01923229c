// A program for the ends of a connection, to be run inside any network namespace.
// `listen HOST PORT ANSWER`: prints `port N`, then tells every client ANSWER and the address it came from.
// `echo HOST PORT ANSWER`: the same, and then repeats what it hears until the client ends.
// `connect HOST PORT`: prints what the other side said, or the error's code.
// `hold HOST PORT`: prints what the other side says and sends its own input, until that ends.
import { connect, createServer } from 'node:net';

const [mode, host = '', port = '0', answer = ''] = process.argv.slice(2);

if (mode === 'listen' || mode === 'echo') {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    if (mode === 'listen') socket.end(`${answer} ${socket.remoteAddress}`);
    else socket.pipe(socket).write(`${answer} ${socket.remoteAddress}`);
  });
  server.listen(Number(port), host, () => {
    const address = server.address();
    process.stdout.write(`port ${typeof address === 'object' ? address?.port : ''}\n`);
  });
} else if (mode === 'hold') {
  const socket = connect({ host, port: Number(port) });
  socket.on('error', (error: NodeJS.ErrnoException) => process.stdout.write(error.code ?? 'ERROR'));
  process.stdin.pipe(socket).pipe(process.stdout);
} else {
  const socket = connect({ host, port: Number(port), timeout: 2_000 });
  let text = '';
  const say = (words: string) => {
    process.stdout.write(words);
    socket.destroy();
  };
  socket.on('data', (data) => {
    text += data;
  });
  socket.on('end', () => say(text));
  socket.on('timeout', () => say('TIMEOUT'));
  socket.on('error', (error: NodeJS.ErrnoException) => say(error.code ?? 'ERROR'));
}
