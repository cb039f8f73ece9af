// Builds one image, and writes by how many bytes the process's peak memory grew.
import { readFileSync } from 'node:fs';
import { imageBuilder } from './builder.mjs';

const [packageDirectory, workspace] = process.argv.slice(2);
const build = imageBuilder(packageDirectory, workspace);
// On Linux the resource usage of a process begins with what the one had that started it.
const peak =
  process.platform === 'linux'
    ? () => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024
    : () => process.resourceUsage().maxRSS * 1024;
const before = peak();
await build();
process.stdout.write(String(peak() - before));
