// Prints what the rings hold, as `nx rings` does.
import { load } from './builder.mjs';

const [packageDirectory, root] = process.argv.slice(2);
const { default: rings } = load(packageDirectory, 'executors/rings/rings.js');
const { success } = await rings({}, { root, projectsConfigurations: { projects: {} } });
process.exitCode = success ? 0 : 1;
