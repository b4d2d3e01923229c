// Services of IPv4 that a board's kernel forwards.
import t from 'tap';
import { kernelServices } from '../support/kernel-contract.ts';
import { ipv4Kernel } from '../support/kernel-lab.ts';

kernelServices(t, ipv4Kernel, 20);
