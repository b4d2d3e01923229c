// The proxy of a board whose namespace it is started in: one UDP Service in front of one endpoint.
// argv: SERVICE_IP PORT ENDPOINT_IP ENDPOINT_PORT. Sends the virtual ports that it has.
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { SERVICE_LISTEN_ADDRESS } from '../../../src/network/board-network.ts';
import { Proxier } from '../../../src/proxy/proxier.ts';
import { endpointsOf, inputOf, tcpService } from '../../support/proxied-services.ts';

const [clusterIP = '', port, ip = '', endpointPort] = process.argv.slice(2);
const proxier = new Proxier({
  listenAddress: SERVICE_LISTEN_ADDRESS,
  onVirtualPorts: (ports) => process.send?.(ports),
  onRefusal: ({ message }) => process.stderr.write(`${message}\n`),
  clock: systemClock,
  logger: silentLogger,
});
await proxier.start();
const endpoints = endpointsOf([{ ip, port: Number(endpointPort) }]);
await proxier.update(inputOf(tcpService({ clusterIP }, { protocol: 'UDP', port: Number(port), endpoints })));
process.on('disconnect', () => process.exit());
