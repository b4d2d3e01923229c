import t from 'tap';
import { clientContract } from '../support/client-contract.ts';
import { memoryCluster } from '../support/memory-cluster.ts';

clientContract(t, memoryCluster);
