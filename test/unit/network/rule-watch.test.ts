// When rules count as changed by others, and what is run to see it.
import t from 'tap';
import type { CommandRunner } from '../../../src/network/command-runner.ts';
import type { Chain } from '../../../src/network/network-problems.ts';
import { RuleWatch } from '../../../src/network/rule-watch.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const OURS: Chain = { family: 'ip', table: 'edge_cluster', name: 'guard', hook: 'input', policy: 'accept' };
const FORWARD: Chain = { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop' };

/** A board with one table of ours, with a rule in it. */
function world() {
  const tables = { changes: 1, present: ['ip edge_cluster'] };
  const board = { chains: [OURS], rule: 'drop', listings: [] as string[], onListing: async () => {} };
  const commands: CommandRunner = {
    run: async (_program, args) => {
      if (args.includes('--json'))
        return JSON.stringify({ nftables: board.chains.map((chain) => ({ chain })) });
      board.listings.push(args.slice(1).join(' '));
      await board.onListing();
      return `table ip edge_cluster {\n\tchain guard {\n\t\t${board.rule}\n\t}\n}\n`;
    },
  };
  const clock = new FakeClock();
  const watch = new RuleWatch({ commands, tables: () => [tables], clock });
  return { tables, board, watch, clock };
}

t.test('rules are listed after a change of ours, and not again while there is none', async (t) => {
  const { tables, board, watch } = world();
  t.same(await watch.note(board.chains), []);
  t.same(await watch.note(board.chains), []);
  t.same(board.listings, ['list table ip edge_cluster']);
  tables.changes++;
  t.same(await watch.note(board.chains), []);
  t.equal(board.listings.length, 2);
  t.notOk(await watch.hasChanged());
});

t.test('what others changed is told once it is put right', async (t) => {
  const { tables, board, watch } = world();
  await watch.note(board.chains);
  board.rule = 'accept';
  t.ok(await watch.hasChanged());
  t.ok(await watch.hasChanged(), 'until it is put right');
  board.rule = 'drop';
  tables.changes++;
  t.same(await watch.note(board.chains), ['chain guard of table ip edge_cluster']);
  t.notOk(await watch.hasChanged());
  t.same(await watch.note(board.chains), [], 'once');
});

t.test('a change of ours that had begun before puts nothing right, and takes nothing for well', async (t) => {
  const { tables, board, watch } = world();
  await watch.note(board.chains);
  board.rule = 'accept';
  t.ok(await watch.hasChanged());
  t.same(await watch.note(board.chains), [], 'its tables were as they should be before they were looked at');
  t.ok(await watch.hasChanged(), 'still');
  board.rule = 'drop';
  tables.changes++;
  t.same(await watch.note(board.chains), ['chain guard of table ip edge_cluster']);
});

t.test('what stays as others made it is told by nobody, and looked at no more', async (t) => {
  const { tables, board, watch } = world();
  await watch.note(board.chains);
  board.rule = 'as a newer nft prints it';
  t.ok(await watch.hasChanged());
  tables.changes++;
  t.same(await watch.note(board.chains), []);
  t.notOk(await watch.hasChanged());
});

t.test('what we change ourselves while it is listed is no change of others', async (t) => {
  const { tables, board, watch } = world();
  await watch.note(board.chains);
  board.onListing = async () => {
    tables.changes++;
    board.rule = 'ours, newer';
  };
  t.notOk(await watch.hasChanged());
  board.onListing = async () => {};
  t.same(await watch.note(board.chains), []);
  t.notOk(await watch.hasChanged());
});

t.test('a table that is gone is not asked for, and told', async (t) => {
  const { tables, board, watch } = world();
  await watch.note(board.chains);
  board.chains = [];
  t.ok(await watch.hasChanged());
  t.equal(board.listings.length, 1, 'nft would fail');
  board.chains = [OURS];
  tables.changes++;
  t.same(await watch.note(board.chains), ['table ip edge_cluster']);
});

t.test('chains of iptables that drop are listed too, as rules of ours are in them', async (t) => {
  const { board, watch } = world();
  board.chains = [OURS, FORWARD, { ...FORWARD, name: 'INPUT', hook: 'input', policy: 'accept' }];
  await watch.note(board.chains);
  t.same(board.listings, ['list table ip edge_cluster', 'list chain ip filter FORWARD']);
});

t.test('a chain of another program that comes is a change', async (t) => {
  const { board, watch } = world();
  await watch.note(board.chains);
  board.chains = [OURS, { ...FORWARD, family: 'inet', table: 'wall' }];
  t.ok(await watch.hasChanged());
  t.same(await watch.note(board.chains), [], 'of which nothing is put right');
  t.notOk(await watch.hasChanged());
});

t.test('where listing takes long, changes do not wait for it, and it rests', async (t) => {
  const { tables, board, watch, clock } = world();
  board.onListing = () => clock.sleep(700);
  await watch.note(board.chains);
  tables.changes++;
  await watch.note(board.chains);
  t.notOk(await watch.hasChanged());
  t.notOk(watch.mustCatchUp);
  t.equal(board.listings.length, 1, 'it was asked just now');
  await clock.advance(70_000);
  tables.changes++;
  await watch.note(board.chains);
  t.equal(board.listings.length, 1, 'who changes rules has no time for it');
  t.ok(watch.mustCatchUp);
  t.notOk(await watch.hasChanged());
  t.equal(board.listings.length, 2);
  t.notOk(watch.mustCatchUp);
  await clock.advance(70_000);
  board.rule = 'accept';
  t.ok(await watch.hasChanged());
  board.rule = 'drop';
  tables.changes++;
  t.same(await watch.note(board.chains), ['chain guard of table ip edge_cluster'], 'what was found is told');
});

t.test('a firewall that comes while it rests is seen all the same', async (t) => {
  const { board, watch, clock } = world();
  board.onListing = () => clock.sleep(700);
  await watch.note(board.chains);
  board.chains = [OURS, { ...FORWARD, family: 'inet', table: 'wall' }];
  t.ok(await watch.hasChanged());
  t.same(await watch.note(board.chains), []);
  t.notOk(await watch.hasChanged(), 'once');
});
