// Builds one image, and writes by how many bytes the process's peak memory grew.
import { imageBuilder } from './builder.mjs';

const [packageDirectory, workspace] = process.argv.slice(2);
const build = imageBuilder(packageDirectory, workspace);
const peak = () => process.resourceUsage().maxRSS * 1024;
const before = peak();
await build();
process.stdout.write(String(peak() - before));
