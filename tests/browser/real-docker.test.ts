import { realHost } from './suites/real-host.ts';

realHost('docker');
