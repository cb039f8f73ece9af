import { accessSync, appendFileSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether a program is on PATH. */
export function isAvailable(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return directory !== '';
    } catch {
      return false;
    }
  });
}

/**
 * Registers a suite that needs a program. Without the program one visible placeholder stands for the suite, and a line
 * goes to the file that GITOPS_LEFT_OUT names, so that what was not tested is never taken for what passed.
 */
export function whenAvailable(program: string, name: string, body: () => void): void {
  if (isAvailable(program)) {
    describe(name, body);
    return;
  }
  const reason = `left out: ${name}: ${program} is not on PATH`;
  it.todo(reason);
  const file = process.env['GITOPS_LEFT_OUT'];
  if (file) appendFileSync(file, `${reason}\n`);
}
