#!/usr/bin/env node
import { launchResident } from './launch.js';

launchResident('edge-agent.ts');
