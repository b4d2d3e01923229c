// What of nft's listings counts as ours having been changed, and how it is said.
import t from 'tap';
import { differences, restoredText, tableParts } from '../../../src/network/table-listing.ts';

const listing = (rule = 'ip daddr 169.254.48.1 drop', client = '') => `table ip edge_cluster {
	map services {
		type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
		elements = { 10.48.0.9 . tcp . 80 : 169.254.48.1 . 40001,
			     10.48.0.10 . udp . 53 : 169.254.48.1 . 20001 }
	}

	chain guard {
		type filter hook input priority filter; policy accept;
		${rule}
	}
}
table ip edge_services {
	counter ep/default/web/tcp/80/10.40.0.5/8080 {
		packets ${client.length} bytes 60
	}

	set sticky/10s/default/web/tcp/80/10.40.0.5/8080 {
		type ipv4_addr
		size 65535
		flags dynamic,timeout
		timeout 10s${client}
	}

	chain arriving {
		type nat hook prerouting priority -111; policy accept;
		ip saddr 127.0.0.0/8 return
	}
}
`;

t.test('a part has the name that people know it by', async (t) => {
  t.same(
    [...tableParts(listing()).keys()],
    [
      'table ip edge_cluster',
      'map services of table ip edge_cluster',
      'chain guard of table ip edge_cluster',
      'table ip edge_services',
      'counter ep/default/web/tcp/80/10.40.0.5/8080 of table ip edge_services',
      'set sticky/10s/default/web/tcp/80/10.40.0.5/8080 of table ip edge_services',
      'chain arriving of table ip edge_services',
    ],
  );
  t.same([...tableParts('').keys()], []);
});

t.test('what packets change is no difference', async (t) => {
  const clients = '\n\t\telements = { 10.40.0.7 timeout 10s expires 9s,\n\t\t\t     10.40.0.8 timeout 10s }';
  t.same(differences(tableParts(listing()), tableParts(listing(undefined, clients))), []);
});

t.test('a rule, an entry or a chain that is other is told by the part that it is in', async (t) => {
  const before = tableParts(listing());
  const told = (other: string) => differences(before, tableParts(other));
  t.same(told(listing('accept')), ['chain guard of table ip edge_cluster']);
  t.same(told(listing().replace(/10\.48\.0\.9 [^,]*,\s*/, '')), ['map services of table ip edge_cluster']);
  t.same(told(listing().replace(/\tchain arriving \{[^}]*\}\n/, '')), [
    'chain arriving of table ip edge_services',
  ]);
  t.same(told(listing().replace('timeout 10s', 'timeout 20s')), [
    'set sticky/10s/default/web/tcp/80/10.40.0.5/8080 of table ip edge_services',
  ]);
});

t.test('of a table that is not there at all its name is told alone', async (t) => {
  const [first = ''] = listing().split(/^(?=table ip edge_services)/m);
  t.same(differences(tableParts(first), tableParts(listing())), ['table ip edge_services']);
});

t.test('people are told a few names, and how many more there are', async (t) => {
  t.match(
    restoredText(['chain guard of table ip edge_cluster']),
    / again: chain guard of table ip edge_cluster;/,
  );
  t.match(restoredText(['a', 'b', 'c', 'd', 'e', 'f', 'g']), /: a, b, c, d, e and 2 more;/);
});
