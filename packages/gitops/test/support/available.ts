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

/** Registers a suite that needs a program, or several. */
export function whenAvailable(programs: string | readonly string[], name: string, body: () => void): void {
  const missing = [programs].flat().find((program) => !isAvailable(program));
  unless(missing && `${missing} is not on PATH`, name, body);
}

/** Registers a suite, unless there is a reason why it cannot run here. */
export function unless(reason: string | undefined, name: string, body: () => void): void {
  if (reason === undefined) describe(name, body);
  else leaveOut(name, reason);
}

/** Registers a test, unless there is a reason why it cannot run here. */
export function itUnless(reason: string | undefined, name: string, body: () => Promise<void>): void {
  if (reason === undefined) it(name, body);
  else leaveOut(name, reason);
}

/**
 * One visible placeholder for a suite that cannot run here, and a line in the file that GITOPS_LEFT_OUT names, so that
 * what was not tested is never taken for what passed.
 */
function leaveOut(name: string, why: string): void {
  const reason = `left out: ${name}: ${why}`;
  it.todo(reason);
  const file = process.env['GITOPS_LEFT_OUT'];
  if (file) appendFileSync(file, `${reason}\n`);
}
