/** What Nx printed of one task, in its output style `static`. */
export interface Task {
  /** Whether Nx took it from its cache, or found the outputs as they should be. */
  readonly cached: boolean;
  /** The lines of its log. */
  readonly log: readonly string[];
}

const HEADING = /^> nx run (?<task>\S+)(?<flags> --.*?)?(?<mark> {2}\[.*\])?$/;
/** What Nx says between the tasks, and after them. */
const NX = /^( NX |✔ |✖ | {2}Run duration)/u;

/** The tasks of a run by `project:target`. */
export function tasksOf(output: string): Record<string, Task> {
  const tasks: Record<string, { cached: boolean; log: string[] }> = {};
  let current: { cached: boolean; log: string[] } | undefined;
  for (const line of output.split('\n')) {
    const heading = HEADING.exec(line)?.groups;
    if (heading)
      current = tasks[heading['task']!] = {
        cached: /local cache|remote cache|existing outputs/.test(heading['mark'] ?? ''),
        log: [],
      };
    else if (NX.test(line)) current = undefined;
    else if (line !== '') current?.log.push(line);
  }
  return tasks;
}

/** The names of the projects whose images were made anew: neither taken from Nx's cache nor found up to date. */
export function built(output: string): string[] {
  return Object.entries(tasksOf(output))
    .filter(([, { cached, log }]) => !cached && log.some((line) => line.includes(': built from ')))
    .map(([task]) => task.replace(/:image-build/, ''))
    .sort();
}
