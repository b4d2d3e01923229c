import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import t from 'tap';
import { HtmlLinks } from '../../../src/apiserver/proxy/html-links.ts';

const upper = (link: string) => `/P${link}`;

async function through(pieces: readonly Buffer[], rewrite = upper): Promise<Buffer> {
  const links = new HtmlLinks(rewrite);
  for (const piece of pieces) links.write(piece);
  links.end();
  return buffer(links);
}

const rewritten = async (page: string) => (await through([Buffer.from(page)])).toString();

t.test('links of a page are rewritten, however they are written', async (t) => {
  t.equal(await rewritten('<a href="/x">y</a>'), '<a href="/P/x">y</a>');
  t.equal(await rewritten("<IMG class=a SRC='/x' alt=b>"), "<IMG class=a SRC='/P/x' alt=b>");
  t.equal(await rewritten('<form\n action = /x method=post>'), '<form\n action = /P/x method=post>');
  t.equal(await rewritten('<a title="a > b" href="/x">'), '<a title="a > b" href="/P/x">');
  t.equal(await rewritten('<object data="/x"><p data="/y">'), '<object data="/P/x"><p data="/y">');
  t.equal(
    await rewritten('<script src="/x"></script><a href=/y>'),
    '<script src="/P/x"></script><a href=/P/y>',
  );
});

t.test('what only looks like a link stays as it is', async (t) => {
  const pages = [
    'href="/x" 1 < 2 <= 3',
    '<!-- <a href="/x"> -->',
    '<script>if (a<b) c = "<a href=\'/x\'>";</script>',
    '<STYLE>a::before { content: "<a href=/x>" }</STYLE>',
    '<a data-href="/x" hreflang="/y">',
    '<p title=\'href="/x"\'>',
    '</a href="/x">',
    'cut off <a href="/x"',
    '',
  ];
  for (const page of pages) t.equal(await rewritten(page), page);
});

t.test('bytes of any charset come out as they went in', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  t.same(
    await through([bytes, Buffer.from('<p>'), bytes]),
    Buffer.concat([bytes, Buffer.from('<p>'), bytes]),
  );
});

t.test('the pieces that a page comes in make no difference', async () => {
  const word = fc.constantFrom(
    ...[
      '<a href="/x">',
      '<!--',
      '-->',
      '<script>',
      '</script>',
      '<',
      '>',
      '"',
      "'",
      '<b',
      ' src=/y',
      'é',
      '=',
      '<!',
    ],
  );
  const page = fc.array(word, { maxLength: 30 }).map((words) => Buffer.from(words.join('')));
  await fc.assert(
    fc.asyncProperty(page, fc.array(fc.nat(7), { maxLength: 100 }), async (page, sizes) => {
      const pieces: Buffer[] = [];
      let from = 0;
      for (const size of sizes) {
        pieces.push(page.subarray(from, from + size));
        from += size;
      }
      pieces.push(page.subarray(from));
      const [whole, parts] = [await through([page]), await through(pieces)];
      if (!whole.equals(parts)) throw new Error(`${whole} in one piece, ${parts} in several`);
    }),
  );
});

t.test('a tag that never ends is passed on, and pages after it are read', async (t) => {
  const endless = `<a ${'"'.repeat(9001)}`;
  const page = await through([Buffer.from(endless), Buffer.from('><a href="/x">')]);
  t.equal(page.toString(), `${endless}><a href="/P/x">`);
});

t.test('a hostile page costs time in proportion to its length', async (t) => {
  const pages = ['<a"'.repeat(300_000), `<a ${'x'.repeat(8000)}>`.repeat(100), '<!'.repeat(400_000)];
  const startedMs = performance.now();
  for (const page of pages) t.equal(await rewritten(page), page);
  // It takes well under a second; by squares it would be minutes.
  t.ok(performance.now() - startedMs < 20_000);
});
