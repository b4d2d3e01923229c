#!/usr/bin/env node
import { launchResident } from './launch.js';

launchResident('start.ts');
