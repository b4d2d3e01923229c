import t from 'tap';
import { openFileLimit } from '../../../src/base/open-files.ts';

const limits = (soft: string) => `Limit                     Soft Limit           Hard Limit           Units
Max processes             3500                 3500                 processes
Max open files            ${soft.padEnd(20)} 65536                files
Max locked memory         8388608              8388608              bytes
`;

t.test('as many files as the kernel says that this process may have open', async (t) => {
  t.equal(openFileLimit(limits('4096')), 4096);
  t.equal(openFileLimit(limits('unlimited')), Number.POSITIVE_INFINITY);
  t.ok(openFileLimit() >= 256);
});
