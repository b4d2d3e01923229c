// Services of IPv6 that a board's kernel forwards: as those of IPv4.
import t from 'tap';
import { kernelServices } from '../support/kernel-contract.ts';
import { ipv6Kernel } from '../support/kernel-lab.ts';

kernelServices(t, ipv6Kernel, 20);
